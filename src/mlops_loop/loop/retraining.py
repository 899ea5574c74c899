"""One retraining: what it is asked for, and what it came to."""

from dataclasses import dataclass
from datetime import datetime

from ..evaluation.gate_result import GateResult


@dataclass(frozen=True)
class RetrainingRequest:
    """One retraining.

    Attributes:
        name: what finds its version again.
        reason: why.
        resumed: whether it was begun before and cut off.
        changed: when the change that was found began, if that was asked for and is known.
    """

    name: str
    reason: str
    resumed: bool
    changed: datetime | None = None


@dataclass(frozen=True)
class RetrainingResult:
    """What a retraining came to: the version, and the gate's decision about it."""

    version: str
    run_id: str
    gate: GateResult
