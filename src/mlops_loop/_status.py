"""The report of the command status, as an object, as JSON and as text."""

from dataclasses import asdict, dataclass
from typing import Any

from ._bundle import read_bundle
from ._champion import other_code
from ._project import Project
from ._publication import Rollout
from .evaluation._formatting import format_metric
from .loop._phase_tracker import last_transition
from .loop._state import phase_of
from .loop._states import LOOP_IS_OFF
from .prediction_log._none import keeps_nothing

ROLE_GIVEN = ("promote", "rollback", "challenge")


@dataclass(frozen=True)
class Version:
    """A version in service: since when it has its role, and its metrics on the holdout."""

    version: str
    since: str
    metrics: dict[str, float]

    def summary(self) -> str:
        details = ", ".join(
            f"{name} {format_metric(value)}" for name, value in self.metrics.items()
        )
        return f"version {self.version}, since {self.since[:16]}, on the holdout {details}"


@dataclass(frozen=True)
class Status:
    """Versions in service, size of the prediction log, state of the loop.

    Attributes:
        challenger: version on trial.
        previous: previous champion, while the champion is on probation.
        no_champion: why a published version is not the champion: it has another target or other
            features.
    """

    champion: Version | None
    challenger: Version | None
    previous: Version | None
    log: dict[str, int]
    loop: dict[str, str | None]
    no_champion: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def messages(self) -> list[str]:
        champion, previous = self.champion, self.previous
        missing = self.no_champion or "none yet: run `train`"
        other = f"challenger  {self.challenger.summary() if self.challenger else 'none'}"
        if champion and previous:
            other = (
                f"previous    {previous.summary()}; predicts in shadow while version "
                f"{champion.version} is on probation"
            )
        return [
            f"champion    {champion.summary() if champion else missing}",
            other,
            f"log         {self._log()}",
            f"loop        {self.loop['state']}: {self.loop['reason']}",
        ]

    def _log(self) -> str:
        if not self.log["kept"]:
            return "none: predictions and labels are not kept"
        others, backlog = self.log["other_schemas"], self.log["backlog"]
        return (
            f"{self.log['predictions']} predictions, {self.log['labels']} labels"
            + (f", {backlog} in the backlog" if backlog else "")
            + (f"; not counted: {others} of another target or other inputs" if others else "")
        )


def project_status(project: Project) -> Status:
    """Read the pointer, the log and the loop's state."""
    published = project.published()
    totals = project.log.totals()
    other = _version(project, published.challenger)
    return Status(
        champion=_version(project, published.champion),
        challenger=None if published.probation else other,
        previous=other if published.probation else None,
        log={
            "kept": not keeps_nothing(project.log),
            "predictions": totals.predictions,
            "labels": totals.labels,
            "backlog": project.log.backlog(),
            "other_schemas": project.log.other_schemas(),
        },
        loop=loop_status(project, published),
        no_champion="" if published.champion else other_code(project),
    )


def loop_status(project: Project, published: Rollout) -> dict[str, str | None]:
    """The state of the loop; if another command has published since, what the next step finds."""
    if keeps_nothing(project.log):
        return {"state": "off", "since": None, "reason": LOOP_IS_OFF}
    state, _ = project.loop_state.load()
    phase, since, reason = state.phase, state.since, state.reason
    if state.is_outdated(published):
        last = project.transitions.last()
        phase, since = phase_of(published), last.time if last else None
        reason = last_transition(last)
    return {
        "state": "paused" if state.paused else phase,
        "since": since.isoformat() if since else None,
        "reason": reason,
    }


def _version(project: Project, version: str | None) -> Version | None:
    if version is None:
        return None
    manifest = read_bundle(project.bundles.fetch(version)).manifest
    began = [
        entry.time.isoformat()
        for entry in project.audit_log.completed()
        if entry.kind in ROLE_GIVEN and entry.details.get("version") == version
    ]
    return Version(version, began[-1] if began else manifest.created, manifest.metrics)
