"""What stages hand to each other: small, serializable references, verified when they are loaded.

A command, an Airflow task and a DVC stage each run one stage in a process of its own. What a stage
made lies among the snapshots or in the MLflow run; the reference says where, and by which digests
it is recognized.
"""

from typing import TYPE_CHECKING, Self

import msgspec

from .formats import REFERENCE

if TYPE_CHECKING:  # a reference is passed on without numpy
    from .data.rows import Rows
    from .data.snapshot import Snapshot
    from .project import Project

__all__ = ["DecisionRef", "RunRef", "SnapshotRef"]


class Reference(msgspec.Struct, frozen=True):
    """A reference as JSON.

    Example:
        >>> snapshot = SnapshotRef(digest="4f1c", contract="a7b2", rows=12, source="rows.csv")
        >>> SnapshotRef.from_json(snapshot.to_json()) == snapshot
        True
    """

    def to_json(self) -> str:
        """One JSON object, to be handed to another process."""
        return REFERENCE.encode(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The reference that `to_json` wrote.

        Raises:
            InputError: if it is another reference, or its format is not known.
        """
        return REFERENCE.decode(text, cls, f"this {cls.__name__}")


class SnapshotRef(Reference, frozen=True):
    """A snapshot of rows.

    Attributes:
        digest: of the rows; it names the file.
        contract: digest of the contract that the rows were validated with.
        rows: number of rows.
        source: address of the base source.
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
        """The snapshot in force.

        Raises:
            SnapshotError: if nothing was ingested yet.
        """
        from .data.snapshot import latest_snapshot

        return cls.of(latest_snapshot(project.paths.snapshots))

    def load(self, project: "Project") -> "Rows":
        """The rows as arrays.

        Raises:
            SnapshotError: if the file is missing or changed, or made for other columns.
        """
        from .data.rows import load_rows

        return load_rows(project, self)


class RunRef(Reference, frozen=True):
    """A run of MLflow that holds an exported model and the rows to evaluate it on.

    Attributes:
        run_id: of the run.
        snapshot: what it was trained on.
        contract: digest of the contract that it was trained under.
        features: digest of the features.
        files: SHA-256 by name of what the run holds below `exported/`.
    """

    run_id: str
    snapshot: SnapshotRef
    contract: str
    features: str
    files: dict[str, str]


class DecisionRef(Reference, frozen=True):
    """The gate's decision about the exported model of a run.

    Attributes:
        run: what was decided about.
        passed: whether the gate let the model pass.
        files: SHA-256 by name of what the run holds below `evaluation/`, the decision among it.
    """

    run: RunRef
    passed: bool
    files: dict[str, str]
