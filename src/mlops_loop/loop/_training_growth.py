"""How much longer a history than the champion's is there to train on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from .._bundle import Manifest


@dataclass(frozen=True)
class TrainingGrowth:
    """The period that the champion was trained on, and what a retraining would add to it.

    Attributes:
        since: start of the period.
        trained_until: its end.
        until: the latest event time that a retraining would train on: labelled, not held out.
    """

    since: datetime
    trained_until: datetime
    until: datetime

    @classmethod
    def of(cls, manifest: Manifest, until: datetime) -> Self | None:
        """None for a model without event times."""
        if manifest.trained_since is None or manifest.trained_until is None:
            return None
        since, end = map(datetime.fromisoformat, (manifest.trained_since, manifest.trained_until))
        return cls(since, end, until)

    @property
    def trained(self) -> timedelta:
        """Length of the period."""
        return self.trained_until - self.since

    def reaches(self, share: float, tried_until: datetime | None = None) -> bool:
        """Whether the period has grown by this share, also since rows that were tried in vain."""
        start = max(self.trained_until, tried_until or self.trained_until)
        return self.trained > timedelta(0) and self.until - start >= share * self.trained

    def reason(self, share: float) -> str:
        added = (self.until - self.trained_until).days
        return (
            f"{added} more days have their labels than the {self.trained.days} days that the "
            f"champion was trained on: at least {share:.0%} more (loop.growth)"
        )
