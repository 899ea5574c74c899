"""Pruning of old rows in the prediction log."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ._audit_log import AuditEvent
from ._project import Project
from ._training_window import past_needed
from .data._log_export import export_log
from .registry._history import last_move, transitions

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Pruned:
    """The result of pruning the prediction log.

    Attributes:
        until: all deleted rows are of an earlier event time, or arrived earlier (see `prune`).
        rows: number of deleted rows.
        archived: number of labelled ones, in `archive`; None if there were none.
        needed_by: why older rows were kept; empty if all were deleted.
        other_schemas: number of deleted rows of another target or other inputs; none are archived.
    """

    until: datetime
    rows: int
    archived: int = 0
    archive: Path | None = None
    needed_by: str = ""
    other_schemas: int = 0

    def summary(self) -> str:
        message = f"{self.rows} predictions before {self.until:%Y-%m-%d %H:%M} deleted"
        if self.other_schemas:
            message += f", {self.other_schemas} of them of another target or other inputs"
        if self.archive is not None:
            message += f", {self.archived} labelled ones archived in {self.archive.as_posix()}"
        return f"{message}; later ones are kept for {self.needed_by}" if self.needed_by else message


def prune(project: Project, age: timedelta, *, actor: str) -> Pruned:
    """Delete predictions older than an age; labelled ones are archived first.

    Rows that the loop still needs are kept. The archive has the format of `export_log`. The age is
    counted in event time; for rows further in the future than the contract's `lead_time`, which
    are not archived, from their arrival.

    Args:
        project: the project with the log.
        age: largest age of the rows that are kept.
        actor: the user, for the audit log.
    """
    now, log = project.clock.now(), project.log
    asked = now - min(age, now - _BEGINNING)
    until, needed_by = min((asked, ""), *_needed(project, now))
    archive, archived = None, 0
    if log.count(None, until).labels:
        archive = project.paths.archive / f"predictions-{now:%Y%m%dT%H%M%S%f}.parquet"
        archived = export_log(log, project.contract, archive, until=until, labelled=True)
    others = log.other_schemas()
    rows = log.prune(until, beyond=project.contract.latest_event_time(now))
    pruned = Pruned(until, rows, archived, archive, needed_by, others - log.other_schemas())
    if pruned.rows:
        details: dict[str, object] = {"rows": pruned.rows, "archived": archived}
        project.audit_log.append(AuditEvent(now, "prune", actor, pruned.summary(), details))
    return pruned


def _needed(project: Project, now: datetime) -> list[tuple[datetime, str]]:
    """The first event time that is needed, and why."""
    monitoring = project.settings.monitoring
    # The traffic of a window is compared with the previous one.
    before = max(monitoring.window, past_needed(monitoring.reference))
    needed = [
        (now - monitoring.window - before, "monitoring"),
        # Performance is measured on the latest window whose labels are known.
        (now - project.contract.label_horizon - monitoring.window, "labels and performance"),
    ]
    published = project.published()
    if published.challenger is not None:
        move = last_move(transitions(project.audit_log, project.rollout_key))
        trial = "probation" if published.probation else "trial"
        # Without a known beginning, nothing is deleted.
        began = _BEGINNING if move is None else move.time
        needed.append((began, f"the {trial} of version {published.challenger}"))
    return needed
