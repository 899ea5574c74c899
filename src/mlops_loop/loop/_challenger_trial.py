"""A trial of two versions, and its outcome: of a challenger, or of a new champion on probation.

During a probation the previous champion is the challenger, and the test is the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from .._publication import Rollout

Transition = Literal["promote", "reject", "confirm", "rollback"]


@dataclass(frozen=True)
class Trial:
    """Two versions that predict the same rows, or each a share of the keys.

    Attributes:
        share: share of the keys that the challenger predicts in a split; None in shadow.
    """

    champion: str
    challenger: str
    since: datetime
    probation: bool
    share: float | None = None

    @classmethod
    def of(cls, published: Rollout, since: datetime) -> Self | None:
        """The trial of the published versions; None without a challenger."""
        champion, challenger = published.champion, published.challenger
        if champion is None or challenger is None:
            return None
        share = published.share if published.mode == "split" else None
        return cls(champion, challenger, since, published.probation, share)


@dataclass(frozen=True)
class TrialDecision:
    """The outcome of a trial, its reason, and its metrics."""

    transition: Transition
    reason: str
    details: Mapping[str, object]
