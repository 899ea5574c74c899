"""Erasure of an entity: deletes what the prediction log holds, and lists what remains elsewhere."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ._audit_log import AuditEvent
from ._project import Project
from ._publication import bundle_folder
from .contract import Contract
from .prediction_log._none import keeps_nothing

_ENTITY_KEY = "entity_key"  # column of exports and archives
_REWRITE = "written for people: delete the file, or write it again without these rows"
_LOG = "prediction log"
_SHOWN = 5  # other entity keys in a message
# Folders below `var/`, and why erasure leaves them alone.
_REASONS = {
    "snapshots": "training data, named by its content, which versions are traced to: remove the "
    "rows from the source, `ingest`, train, and delete this file and its .json",
    "archive": "labelled predictions that `log prune` archived: " + _REWRITE,
    "quarantine": "rows that were rejected: " + _REWRITE,
    "scoring": "parts of a batch that was interrupted: finish it, or delete the folder",
}
_HELD_OUT = (
    "held-out rows of a training run, which the gate judges later versions on: delete the run in "
    "MLflow once no version in service is from it"
)
_ARCHIVED = "history that `adopt` or `loop replay --fresh` set aside: delete the folder"
_NOT_SEARCHED = (
    "predictions of another schema (an earlier contract) are erased by their entity key, but not "
    "found by id or group",
    "prediction logs that `adopt` or `loop replay --fresh` archived outside of var/, as they said",
    "backups, the server's own log files, exports outside of var/ and logs of proxies are not "
    "searched",
    "models keep no rows; whether one remembers an entity, only a new training without it can tell",
    "bundles hold neither ids nor free text, and pseudonyms for groups (reference.parquet)",
)


@dataclass(frozen=True)
class Remainder:
    """A file that holds rows of an entity, or the prediction log.

    Attributes:
        path: relative to the project's folder if it lies there; or `prediction log`.
        rows: number of rows with the key as id, group or entity key; None for a damaged file.
        reason: why it was left, and how to remove it.
    """

    path: str
    rows: int | None
    reason: str

    def summary(self) -> str:
        rows = "unreadable" if self.rows is None else f"{self.rows} row{'s' * (self.rows != 1)}"
        return f"{self.path}: {rows}; {self.reason}"


def erase(project: Project, entity_key: str, *, actor: str) -> int:
    """Delete all predictions and labels of one entity; return their number.

    The audit log records it with a pseudonym of the key.
    """
    rows = project.log.erase(entity_key)
    pseudonym = project.pseudonyms.of(entity_key)
    reason = f"{rows} predictions of the entity with the pseudonym {pseudonym} deleted"
    details: dict[str, object] = {"rows": rows, "pseudonym": pseudonym}
    project.audit_log.append(AuditEvent(project.clock.now(), "erase", actor, reason, details))
    return rows


def find_remainders(project: Project, entity_key: str) -> list[Remainder]:
    """The prediction log and Parquet files with rows of an entity, the latter in order of paths.

    Files are searched in `var/`, in folders that it was archived in and in the bundle store. Rows
    are found by the id and the group of the contract, and by the entity key of exports. Those that
    are logged with this entity key are left out: `erase` deletes them.
    """
    names = _identifying(project.contract)
    found = [*_logged_otherwise(project, entity_key)]
    for path in sorted(_files(project)):
        rows = _count(path, names, entity_key)
        if rows != 0:
            found.append(Remainder(_shown(path, project.root), rows, _reason(path, project)))
    return found


def not_searched(project: Project) -> list[str]:
    """What `find_remainders` does not search, and may hold rows of an entity."""
    archived = [f"{folder.name}: its prediction log; {_ARCHIVED}" for folder in _archives(project)]
    return [*archived, *_NOT_SEARCHED]


def _logged_otherwise(project: Project, key: str) -> Iterator[Remainder]:
    """Predictions with the key as id or group that were logged with another entity key."""
    names = [name for name in _identifying(project.contract) if name != _ENTITY_KEY]
    others: Counter[str | None] = Counter()
    if not names or keeps_nothing(project.log):
        return
    for row in project.log.rows(None, None):
        values = [row.record.columns.get(name) for name in names]
        if row.record.entity_key != key and key in [
            str(value) for value in values if value is not None
        ]:
            others[row.record.entity_key] += 1
    if without := others.pop(None, 0):
        yield Remainder(_LOG, without, "without an entity key: only `log prune` deletes them")
    if others:
        keys = sorted(str(other) for other in others)
        shown = ", ".join(map(repr, keys[:_SHOWN]))
        more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
        reason = f"with other entity keys ({shown}{more}): `log erase` deletes all rows of a key"
        yield Remainder(_LOG, others.total(), reason)


def _archives(project: Project) -> list[Path]:
    """The folders that `archive_history` has moved `var/` to."""
    var = project.paths.var
    found = var.parent.glob(f"{var.name}.*")
    return sorted(path for path in found if path.suffix[1:].isdecimal() and path.is_dir())


def _identifying(contract: Contract) -> list[str]:
    columns = [column.name for column in (contract.id, contract.group) if column is not None]
    return [*columns, _ENTITY_KEY]


def _files(project: Project) -> Iterator[Path]:
    store = bundle_folder(project.settings.bundle_store, project.root)
    roots = (project.paths.var, *_archives(project), *([store] if store else ()))
    yield from {path for root in roots for path in root.rglob("*.parquet")}


def _count(path: Path, names: list[str], key: str) -> int | None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            present = [name for name in names if name in file.schema_arrow.names]
            if not present:
                return 0
            total = 0
            for batch in file.iter_batches(columns=present):
                masks = [pc.equal(column.cast(pa.string()), key) for column in batch.columns]
                mask = masks[0]
                for other in masks[1:]:
                    mask = pc.or_kleene(mask, other)
                total += pc.sum(mask).as_py() or 0
            return total
    except (pa.ArrowException, OSError):
        return None


def _reason(path: Path, project: Project) -> str:
    if path.is_relative_to(project.paths.var):
        folder = path.relative_to(project.paths.var).parts[0]
        if folder in _REASONS:
            return _REASONS[folder]
        if path.parent.name == "exported":
            return _HELD_OUT
    if any(path.is_relative_to(folder) for folder in _archives(project)):
        return _ARCHIVED
    return _REWRITE


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
