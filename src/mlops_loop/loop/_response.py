"""The response to a monitoring report: alerts, records, and the transition that is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._settings import Settings
from ..monitoring import Action, Incident, MonitoringReport
from ..monitoring._incidents import find_incidents
from ._audit import LoopAuditLog
from ._phase_tracker import PhaseTracker
from ._policy import ActionTable, PlannedAction, cooldown_reason
from ._stages import Stages


@dataclass(frozen=True)
class FindingsResponse:
    """Alerts about findings, and triggers the transition that is due."""

    settings: Settings
    audit: LoopAuditLog
    stages: Stages
    phases: PhaseTracker
    actions: Mapping[str, Action]

    def respond(self, report: MonitoringReport, **seen: datetime) -> MonitoringReport:
        """Record the decision, alert, and save which transition is due.

        Args:
            report: the report.
            seen: `monitored_until` after a window, `next_look` after an early warning, which is
                not written over the report of the last window.

        Returns:
            The report with the decision.
        """
        incidents = find_incidents(report)
        planned = self._plan(incidents)
        decisions = {action.kind: action.decision or "alert only" for action in planned}
        if planned and "monitored_until" in seen:
            text = "; ".join(f"{kind}: {decision}" for kind, decision in decisions.items())
            report = self.stages.record_decision(report, text)
        self.stages.track_alerts(
            report,
            {
                action.kind: f"{report.window}: {action.cause}; decision: {decisions[action.kind]}"
                for action in planned
                if action.alert
            },
        )
        self._record(planned)
        self._save(planned, incidents, **seen)
        return report

    def _plan(self, incidents: Sequence[Incident]) -> Sequence[PlannedAction]:
        blocked = cooldown_reason(
            self.phases.lease.state, self.settings.loop, self.phases.clock.now()
        )
        table = ActionTable(self.settings.actions, self.actions)
        return table.plan(incidents, blocked, self.phases.transitions.previous())

    def _record(self, planned: Sequence[PlannedAction]) -> None:
        window = (self.phases.lease.state.monitored_until or self.phases.clock.now()).isoformat()
        for action in planned:
            if action.record_as:
                self.audit.record_once(action.record_as, action.reason, window=window)

    def _save(
        self, planned: Sequence[PlannedAction], incidents: Sequence[Incident], **seen: datetime
    ) -> None:
        due = next((action for action in planned if action.due), None)
        if due is None:
            self.phases.lease.save(**seen)
            return
        changed = None
        if due.due == "retrain":
            changed = self.stages.change_started_at(
                next(incident for incident in incidents if incident.kind == due.kind)
            )
        self.phases.lease.save(
            phase="triggered",
            since=self.phases.clock.now(),
            reason=due.reason,
            due=due.due,
            changed=changed,
            **seen,
        )
