"""What leaves the prediction log for good: all of one entity, and what has grown old."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from ..audit_log import AuditEvent
from ..project import Project
from ..registry.history import last_move, transitions
from ..training_window import past_needed
from .log_export import export_log

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Pruned:
    """The result of pruning the prediction log.

    Attributes:
        until: the event time that all of them are older than.
        rows: how many were deleted.
        archived: how many of these had a label, and are in `archive`; None if there were none.
        needed_by: what needs rows that are old enough to go, and so keeps them; empty if nothing.
    """

    until: datetime
    rows: int
    archived: int = 0
    archive: Path | None = None
    needed_by: str = ""

    def summary(self) -> str:
        said = f"{self.rows} predictions before {self.until:%Y-%m-%d %H:%M} deleted"
        if self.archive is not None:
            said += f", {self.archived} labelled ones archived in {self.archive.as_posix()}"
        return f"{said}; later ones are kept for {self.needed_by}" if self.needed_by else said


def prune(project: Project, age: timedelta, *, actor: str) -> Pruned:
    """Delete predictions older than an age, once those with a label are in a file of their own.

    Rows that the loop still looks at stay, however old they may become. The file is as
    `export_log` writes it.

    Args:
        project: whose log it is.
        age: in event time, up to now.
        actor: who does it, for the journal.
    """
    now, log = project.clock.now(), project.log
    asked = now - min(age, now - _BEGINNING)
    until, needed_by = min((asked, ""), *_needed(project, now))
    archive, archived = None, 0
    if log.count(None, until).labels:
        archive = project.paths.archive / f"predictions-{now:%Y%m%dT%H%M%S%f}.parquet"
        archived = export_log(log, project.contract, archive, until=until, labelled=True)
    pruned = Pruned(until, log.prune(until), archived, archive, needed_by)
    if pruned.rows:
        details: dict[str, object] = {"rows": pruned.rows, "archived": archived}
        project.audit_log.append(AuditEvent(now, "prune", actor, pruned.summary(), details))
    return pruned


def erase(project: Project, entity_key: str, *, actor: str) -> int:
    """Delete all predictions of one entity with their labels; how many there were.

    The journal says that it was done, and names the key by its hash alone.
    """
    rows = project.log.erase(entity_key)
    digest = sha256(entity_key.encode()).hexdigest()
    reason = f"{rows} predictions of the entity whose key has the SHA-256 {digest[:16]}… deleted"
    details: dict[str, object] = {"rows": rows, "sha256": digest}
    project.audit_log.append(AuditEvent(project.clock.now(), "erase", actor, reason, details))
    return rows


def _needed(project: Project, now: datetime) -> list[tuple[datetime, str]]:
    """From when on rows are needed, and what for."""
    monitoring = project.settings.monitoring
    # The traffic of a window is compared with that of the one before.
    before = max(monitoring.window, past_needed(monitoring.reference))
    needed = [
        (now - monitoring.window - before, "monitoring"),
        (now - project.contract.label_horizon, "labels that are not known yet"),
    ]
    published = project.published()
    if published.challenger is not None:
        move = last_move(transitions(project.audit_log, project.features.digest))
        trial = "probation" if published.probation else "trial"
        # Without a word of when it began, nothing goes.
        began = _BEGINNING if move is None else move.time
        needed.append((began, f"the {trial} of version {published.challenger}"))
    return needed
