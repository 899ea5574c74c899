"""What a training is asked for, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass

from ..bundle import Manifest
from ..evaluation.gate_result import GateResult
from .leaderboard import Leaderboard
from .role import Role


@dataclass(frozen=True)
class TrainingRequest:
    """What a training is asked for.

    Attributes:
        tune: whether parameters are searched first.
        resume: whether an earlier search must be there to be taken up; then `tune` is meant too.
        actor: who asks, for the record.
        reason: why, for the record.
        as_challenger: True puts a model that passed on trial, False leaves it out of service,
            None does what `loop.promotion` says; the first model becomes champion at once
            unless False.
        attempt: names what is attempted, so that a version that came of it can be found again.
        on_stage: told what happens now.
        on_trial: told how many trials of how many the search of one candidate has had.
    """

    tune: bool = False
    resume: bool = False
    actor: str = "user"
    reason: str = ""
    as_challenger: bool | None = None
    attempt: str = ""
    on_stage: Callable[[str], None] = lambda told: None
    on_trial: Callable[[int, int], None] = lambda done, total: None

    @property
    def searches(self) -> bool:
        return self.tune or self.resume


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training.

    Attributes:
        version: of the registered model, also when the gate refused it.
        became: its role in the published pointer; None if it got none.
        stage_seconds: seconds by phase.
    """

    version: str
    run_id: str
    leaderboard: Leaderboard
    gate: GateResult
    manifest: Manifest
    became: Role | None
    stage_seconds: dict[str, float]

    def to_json(self) -> dict[str, object]:
        """What a program that asked for the training wants to know."""
        return {
            "version": self.version,
            "run_id": self.run_id,
            "passed": self.gate.passed,
            "stage_seconds": self.stage_seconds,
            "leaderboard": self.leaderboard.to_json(),
        }
