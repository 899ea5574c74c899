"""References that stages exchange: small, serializable, verified when they are loaded.

A command, an Airflow task and a DVC stage each run one stage in a process of its own. The results
of a stage are stored as snapshots or in the MLflow run; the reference holds their digests.
"""

from typing import TYPE_CHECKING, Self

import msgspec

from ._formats import REFERENCE
from .errors import GateError

if TYPE_CHECKING:  # a reference is passed on without numpy
    from ._project import Project
    from .data._rows import Rows
    from .data._snapshot import Snapshot

__all__ = ["DecisionRef", "RunRef", "SnapshotRef"]


class Reference(msgspec.Struct, frozen=True):
    """A reference that can be written as JSON."""

    def to_json(self) -> str:
        """One JSON object, to pass to another process."""
        return REFERENCE.encode(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The reference that `to_json` wrote.

        Raises:
            InputError: if it is another reference, or its format is not known.
        """
        return REFERENCE.decode(text, cls, f"this {cls.__name__}")


class SnapshotRef(Reference, frozen=True):
    """Reference of a snapshot of rows.

    Attributes:
        digest: digest of the rows; the file is named after it.
        contract: digest of the contract that the rows were validated with.
        rows: number of rows.
        source: address of the base source.

    Examples:
        >>> snapshot = SnapshotRef(digest="4f1c", contract="a7b2", rows=12, source="rows.csv")
        >>> SnapshotRef.from_json(snapshot.to_json()) == snapshot
        True
    """

    digest: str
    contract: str
    rows: int
    source: str

    @classmethod
    def of(cls, snapshot: "Snapshot") -> Self:
        return cls(snapshot.digest, snapshot.origin.contract, snapshot.rows, snapshot.source)

    @classmethod
    def latest(cls, project: "Project") -> Self:
        """The latest snapshot of a project.

        Raises:
            SnapshotError: if nothing was ingested yet.
        """
        from .data._snapshot import latest_snapshot

        return cls.of(latest_snapshot(project.paths.snapshots))

    def load(self, project: "Project") -> "Rows":
        """The rows as arrays.

        Raises:
            SnapshotError: if the file is missing or changed, or made for other columns.
        """
        from .data._rows import load_rows

        return load_rows(project, self)


class RunRef(Reference, frozen=True):
    """Reference of an MLflow run with an exported model and the held-out rows.

    Attributes:
        run_id: id of the run.
        snapshot: the rows that it was trained on.
        contract: digest of the contract.
        features: digest of the features.
        files: SHA-256 by name of the artifacts below `exported/`.

    Examples:
        >>> snapshot = SnapshotRef("4f1c", contract="a7b2", rows=12, source="rows.csv")
        >>> run = RunRef("1f0e", snapshot, contract="a7b2", features="91c0", files={})
        >>> RunRef.from_json(run.to_json()).snapshot.rows
        12
    """

    run_id: str
    snapshot: SnapshotRef
    contract: str
    features: str
    files: dict[str, str]


def require_run_ref(run: object) -> None:
    """Raises TypeError for anything but a RunRef, e.g. the reference of another stage."""
    if not isinstance(run, RunRef):
        raise TypeError(f"expected the RunRef that `fit` returned, not {type(run).__name__}")


def require_unchanged(project: "Project", run: RunRef) -> None:
    """Check that contract and features are still those of the run.

    Raises:
        GateError: naming the file that has changed.
    """
    for name, of_run, of_project in (
        ("config/contract.yaml", run.contract, project.contract.digest),
        ("features.py", run.features, project.features.digest),
    ):
        if of_run != of_project:
            raise GateError(
                f"{name} has changed since run {run.run_id} was fitted ({of_run[:16]}, now "
                f"{of_project[:16]}): run `fit` again"
            )


class DecisionRef(Reference, frozen=True):
    """Reference of the gate's decision about the model of a run.

    Attributes:
        run: the run with the model.
        passed: whether the model passed the gate.
        files: SHA-256 by name of the artifacts below `evaluation/`, the decision included.

    Examples:
        >>> snapshot = SnapshotRef("4f1c", contract="a7b2", rows=12, source="rows.csv")
        >>> run = RunRef("1f0e", snapshot, contract="a7b2", features="91c0", files={})
        >>> DecisionRef(run, passed=True, files={}).run.run_id
        '1f0e'
    """

    run: RunRef
    passed: bool
    files: dict[str, str]
