"""How much longer a history than the champion's is there to train on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from .._bundle import Manifest


@dataclass(frozen=True)
class TrainingGrowth:
    """The period that the champion was trained on, and what a retraining would add to it.

    Attributes:
        trained: length of the period.
        added: labelled time since then, without what would be held out.
    """

    trained: timedelta
    added: timedelta

    @classmethod
    def of(cls, manifest: Manifest, until: datetime) -> Self | None:
        """None for a model without event times.

        Args:
            manifest: the champion's.
            until: the latest event time that a retraining would train on.
        """
        if manifest.trained_since is None or manifest.trained_until is None:
            return None
        since, end = map(datetime.fromisoformat, (manifest.trained_since, manifest.trained_until))
        return cls(end - since, until - end)

    def reaches(self, share: float, since_attempt: timedelta | None = None) -> bool:
        """Whether the period has grown by this share, also since the last attempt to retrain."""
        added = self.added if since_attempt is None else min(self.added, since_attempt)
        return self.trained > timedelta(0) and added >= share * self.trained

    def reason(self, share: float) -> str:
        return (
            f"{self.added.days} more days have their labels than the {self.trained.days} days that "
            f"the champion was trained on: at least {share:.0%} more (loop.growth)"
        )
