"""A loop with everything around it in one folder: real transitions, no MLflow and no training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mlops_loop.contract.model import parse_contract
from mlops_loop.evaluation.gate_result import GateResult
from mlops_loop.loop.attempt import Attempt, Retrained
from mlops_loop.loop.hearing import Hearing
from mlops_loop.loop.machine import Loop, Step
from mlops_loop.loop.notes import Notes
from mlops_loop.monitoring import Finding, Monitoring, Window
from mlops_loop.registry.role import choose_role, give_role
from mlops_loop.run_context import RunContext

from .surroundings import CONTRACT, Surroundings

DAY = timedelta(days=1)
DRIFT = Finding("drift", "wind_speed", "wasserstein", 0.4, 0.1, "warning")


@dataclass
class World(Surroundings):
    """A loop and its surroundings.

    found: what monitoring says. passes: whether the gate lets a retrained version pass. hold: why
    one that passed is not promoted. changed:
    when the change that monitoring found began.
    """

    found: Monitoring | None = None
    passes: bool = True
    hold: str = ""
    changed: datetime | None = None
    alerts: list[str] = field(default_factory=list)
    retrainings: list[Attempt] = field(default_factory=list)
    before_training: Callable[[], None] = lambda: None

    def loop(self) -> Loop:
        return Loop(
            settings=self.settings,
            desk=self.desk,
            notes=Notes(self.journal, self.clock),
            transitions=replace(self.transitions, guard=self.desk.require),
            clock=self.clock,
            retrain=self._retrain,
            appoint=self._appoint,
            monitor=self._monitor,
            alert=self._alert,
            watch=self._watch,
            began=lambda monitoring, kind: self.changed,
            hear=Hearing(
                self.settings.challenge,
                parse_contract(CONTRACT),
                self.log,  # type: ignore[arg-type]
                self.clock,
                largest_error=lambda version: 1.0,
            ).ruling,
        )

    def step(self) -> Step:
        return self.loop().step()

    def find(self, **answers: Any) -> None:
        """What monitoring will say of the window that ends now."""
        now = self.clock.now()
        calm: dict[str, Any] = {"drift": False, "quality": False, "performance": "ok"}
        self.found = Monitoring(Window(now - 30 * DAY, now, 100, 100), **{**calm, **answers})

    def drift(self, performance: str = "ok") -> None:
        """One column has drifted, says monitoring."""
        self.find(drift=True, findings=(DRIFT,), performance=performance)

    def _retrain(self, attempt: Attempt) -> Retrained:
        made = [one for one in self.registry.versions() if one.tags["attempt"] == attempt.name]
        if made and attempt.resumed:
            passed, version = made[0].tags["gate"] == "passed", made[0].version
        else:
            self.retrainings.append(attempt)
            self.before_training()
            version, passed = self.register(passes=self.passes, attempt=attempt.name), self.passes
        gate = GateResult(passed, ("log_loss is 0.4.",), {"score": 0.4}, hold=self.hold)
        return Retrained(version, f"run-{version}", gate)

    def _appoint(self, result: Retrained, reason: str) -> None:
        published = self.transitions.published()
        if result.version not in (published.champion, published.challenger):
            role = choose_role(self.settings, published, result.gate)
            transitions = replace(self.transitions, guard=self.desk.require)
            context = RunContext("loop", reason)
            if role is not None:
                give_role(result.version, role, result.gate, self.settings, transitions, context)

    def _monitor(self) -> Monitoring:
        if self.found is None:
            self.find()
        assert self.found is not None
        return self.found

    def _watch(self, found: Monitoring, told: Mapping[str, str]) -> None:
        for text in told.values():
            self._alert(text)

    def _alert(self, text: str) -> None:
        self.fuse()
        self.alerts.append(text)
