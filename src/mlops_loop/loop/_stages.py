"""The stages that the loop runs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ..monitoring import Incident, MonitoringReport
from ._challenger_trial import Trial, TrialDecision
from ._retraining import RetrainingRequest, RetrainingResult
from ._training_growth import TrainingGrowth


class Stages(Protocol):
    """The stages of a project, as the loop calls them."""

    def monitor(self) -> MonitoringReport:
        """Check the window that ends now."""

    def early_warning(self) -> MonitoringReport | None:
        """The check for an early warning alone; None if the plan leaves it out."""

    def record_decision(self, report: MonitoringReport, decision: str) -> MonitoringReport:
        """Put the decision in the place of the report's advice."""

    def alert(self, text: str) -> None:
        """Send one alert."""

    def track_alerts(self, report: MonitoringReport, messages: Mapping[str, str]) -> None:
        """Send one alert when a kind of finding begins, and one when it is over."""

    def change_started_at(self, incident: Incident) -> datetime | None:
        """Estimate when the change began, if `loop.training_window` needs it."""

    def training_growth(self) -> TrainingGrowth | None:
        """How much longer a history than the champion's there is; None without event times."""

    def retrain(self, attempt: RetrainingRequest) -> RetrainingResult:
        """Train a version, or return the one that the same attempt has registered."""

    def assign_role(self, result: RetrainingResult, reason: str) -> None:
        """Assign the role of `loop.promotion` to a version that passed the gate."""

    def decide_trial(self, trial: Trial) -> TrialDecision | None:
        """Decide about two versions on trial; None while the trial goes on."""
