"""Lineage: from a prediction to its version and its snapshot, and back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ._project import Project
from ._stage_files import left_version
from .data._snapshot import Snapshot, read_snapshot
from .errors import InputError, SnapshotError
from .prediction_log import LoggedRow
from .prediction_log._none import keeps_nothing
from .registry import Version

# Tags of a version in the order of the report, with their labels.
_LABELS = {
    "candidate": "candidate",
    "run": "run",
    "git_commit": "commit",
    "lock_digest": "lock",
    "library": "library",
    "contract_digest": "contract",
    "features_digest": "features",
    "target": "target",
    "snapshot": "snapshot",
    "source": "source",
    "actor": "trained by",
    "time": "trained at",
    "reason": "because",
    "hold": "not promoted because",
    "forced": "gate overridden because",
    "forced_by": "overridden by",
    "forced_at": "overridden at",
}


@dataclass(frozen=True)
class Lineage:
    """The ancestors and descendants of a prediction, a version or a snapshot.

    Attributes:
        prediction: the logged row, if the id is that of a prediction.
        versions: those that predicted the row or were trained on the snapshot, or the version.
        snapshots: training rows of the versions by digest; None if the file was deleted.
    """

    prediction: LoggedRow | None
    versions: tuple[Version, ...]
    snapshots: dict[str, Snapshot | None] = field(default_factory=dict)

    def messages(self) -> list[str]:
        return [*self._of_prediction(), *self._of_versions(), *self._of_snapshots()]

    def to_json(self) -> dict[str, Any]:
        return {
            "prediction": _prediction_json(self.prediction) if self.prediction else None,
            "versions": [_version_json(version) for version in self.versions],
            "snapshots": [
                {"digest": digest, **(_snapshot_json(snapshot) if snapshot else {"gone": True})}
                for digest, snapshot in self.snapshots.items()
            ],
        }

    def _of_prediction(self) -> Iterator[str]:
        if self.prediction is None:
            return
        record, label = self.prediction.record, self.prediction.label
        by = f", asked by {record.caller}" if record.caller else ""
        yield f"prediction {record.prediction_id}, {record.event_time.isoformat()}{by}"
        for output in record.outputs:
            served = "served" if output.served else "in shadow"
            yield f"  version {output.version} ({output.variant}, {served}): {output.prediction!r}"
        known = "unknown so far"
        if label:
            by = f", by {label.authority}" if label.authority else ""
            known = f"{label.label!r}, since {label.time.isoformat()}{by}"
        yield f"  label: {known}"
        if label and label.replaced:
            by = f" by {label.replaced.authority}" if label.replaced.authority else ""
            yield f"  it replaces the label {label.replaced.label!r}{by}"

    def _of_versions(self) -> Iterator[str]:
        for version in self.versions:
            names = ", ".join(version.aliases)
            gate = version.tags.get("gate", "unknown")
            yield f"version {version.version}{f' ({names})' if names else ''}, gate: {gate}"
            for key, value in _version_json(version)["made_from"].items():
                yield f"  {key}: {value}"

    def _of_snapshots(self) -> Iterator[str]:
        for digest, snapshot in self.snapshots.items():
            if snapshot is None:
                yield f"snapshot {digest}: the file was deleted"
                continue
            until = f" until {snapshot.until.isoformat()}" if snapshot.until else ""
            yield f"snapshot {digest}: {snapshot.rows} rows of {snapshot.source}{until}"


def trace(project: Project, identifier: str) -> Lineage:
    """Follow the id of a prediction, a version or a snapshot in both directions.

    Raises:
        InputError: if nothing has that id.
    """
    versions = _known_versions(project)
    named = [version for version in versions if version.version == identifier]
    if named:
        return _of(project, None, named)
    trained = [version for version in versions if version.tags.get("snapshot") == identifier]
    if trained or _snapshot(project, identifier) is not None:
        snapshots = {identifier: _snapshot(project, identifier)}
        return Lineage(None, tuple(trained), snapshots)
    if keeps_nothing(project.log):
        raise InputError(
            f"there is no version or snapshot with the id {identifier!r}, and predictions are not "
            "kept (prediction_log: none)"
        )
    row = project.log.get(identifier)
    if row is None:
        raise InputError(f"there is no version, snapshot or prediction with the id {identifier!r}")
    names = {output.version for output in row.record.outputs}
    return _of(project, row, [version for version in versions if version.version in names])


def _known_versions(project: Project) -> list[Version]:
    """The versions of the registry, and that of the last `register` where it was elsewhere."""
    versions = list(project.registry.versions())
    left = left_version(project)
    if left is None or any(left.run_id == version.run_id for version in versions):
        return versions
    return [*versions, left]


def _of(project: Project, row: LoggedRow | None, versions: list[Version]) -> Lineage:
    digests = dict.fromkeys(version.tags["snapshot"] for version in versions)
    snapshots = {digest: _snapshot(project, digest) for digest in digests}
    return Lineage(row, tuple(versions), snapshots)


def _snapshot(project: Project, digest: str) -> Snapshot | None:
    try:
        return read_snapshot(project.settings.paths.snapshots, digest)
    except SnapshotError:
        return None


def _prediction_json(row: LoggedRow) -> dict[str, Any]:
    record, replaced = row.record, row.label.replaced if row.label else None
    return {
        "prediction_id": record.prediction_id,
        "event_time": record.event_time.isoformat(),
        "caller": record.caller,
        "outputs": [
            {"version": output.version, "variant": output.variant, "prediction": output.prediction}
            for output in record.outputs
        ],
        "label": row.label.label if row.label else None,
        "label_authority": row.label.authority if row.label else None,
        "replaced_label": replaced.label if replaced else None,
        "replaced_authority": replaced.authority if replaced else None,
    }


def _version_json(version: Version) -> dict[str, Any]:
    tags = {"run": version.run_id, **version.tags}
    if tags.get("git_dirty") == "true":
        tags["git_commit"] = f"{tags['git_commit']}, with changes that were not committed"
    return {
        "version": version.version,
        "aliases": list(version.aliases),
        "gate": tags.get("gate"),
        "made_from": {label: tags[tag] for tag, label in _LABELS.items() if tag in tags},
    }


def _snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    origin = snapshot.origin
    return {
        "rows": snapshot.rows,
        "source": origin.source,
        "until": origin.until,
        "contract": origin.contract,
    }
