"""Request and result of a retraining."""

from dataclasses import dataclass
from datetime import datetime

from ..evaluation._gate_result import GateResult


@dataclass(frozen=True)
class RetrainingRequest:
    """One retraining.

    Attributes:
        name: identifies the version of an interrupted attempt.
        reason: why it began.
        resumed: whether an interrupted attempt is resumed.
        changed: start of the change, if known.
    """

    name: str
    reason: str
    resumed: bool
    changed: datetime | None = None


@dataclass(frozen=True)
class RetrainingResult:
    """The version, and the gate's decision about it."""

    version: str
    run_id: str
    gate: GateResult
