"""When drifted columns are an alarm, so that the status fails and `actions.drift` applies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._column_comparison import ColumnComparison
from ._findings import Finding
from ._sampling_error import BY_CHANCE

# A column that moved by more than so many thresholds is an alarm by itself.
LARGE = 3.0
# So is one that has at least this share of the importance of all columns.
IMPORTANT = 0.2
# Probability of LARGE thresholds relative to that of one: Student's t with 3 degrees of freedom,
# the heaviest tail that a threshold allows for.
_LARGE_BY_CHANCE = LARGE**-3


@dataclass(frozen=True)
class DriftAlarm:
    """The drifted columns, with the importance of each column.

    Attributes:
        columns: all input columns that were compared.
        limit: `monitoring.drift_share`.
        weights: share of the importance by column; equal ones if it is not known.
        weighed: whether it is known.
    """

    columns: Sequence[ColumnComparison]
    limit: float
    weights: Mapping[str, float]
    weighed: bool

    @classmethod
    def of(
        cls, columns: Sequence[ColumnComparison], limit: float, importances: Mapping[str, float]
    ) -> "DriftAlarm":
        """Weigh the columns by importance; what is not important at all has no weight."""
        known = {column.name: max(importances.get(column.name, 0.0), 0.0) for column in columns}
        total = sum(known.values())
        weighed = total > 0
        weights = {
            name: value / total if weighed else 1 / len(known) for name, value in known.items()
        }
        return cls(columns, limit, weights, weighed)

    @property
    def drifted_columns(self) -> list[ColumnComparison]:
        return [column for column in self.columns if column.has_drifted]

    @property
    def share(self) -> float:
        return sum(self.weights[column.name] for column in self.drifted_columns)

    @property
    def by_chance(self) -> float:
        """Probability of an alarm without a drift (limit); for the share, Markov's inequality."""
        important = sum(map(self._is_important, self.columns))
        reasons = 1 / self.limit + important + len(self.columns) * _LARGE_BY_CHANCE
        return min(self.columns[0].alpha * reasons, BY_CHANCE)

    def reasons(self) -> list[Finding]:
        """One critical finding for each reason; none if the drift is no alarm."""
        large = [column for column in self.drifted_columns if column.times_threshold > LARGE]
        important = [column for column in self.drifted_columns if self._is_important(column)]
        reasons = []
        if self.share >= self.limit:
            text = f"{self._drifted} drifted (limit {self.limit:.0%})"
            reasons.append(_critical(text, "drifted_share", self.share, self.limit))
        if large:
            most = max(large, key=lambda column: column.times_threshold)
            times = most.times_threshold
            text = f"{_names(large)} moved by up to {times:.1f} thresholds (limit {LARGE:.0f})"
            reasons.append(_critical(text, "largest_drift", times, LARGE))
        if important:
            weight = max(self.weights[column.name] for column in important)
            text = (
                f"{_names(important)} drifted, important for the champion: up to {weight:.0%} of "
                f"the importance (limit {IMPORTANT:.0%})"
            )
            reasons.append(_critical(text, "important_drift", weight, IMPORTANT))
        return reasons

    def absence(self) -> str:
        """Why drifted columns are no alarm."""
        return (
            f"no drift alarm: {self._drifted} drifted (limit {self.limit:.0%}), none moved by more "
            f"than {LARGE:.0f} thresholds or has {IMPORTANT:.0%} of the importance"
        )

    @property
    def _drifted(self) -> str:
        if not self.weighed:
            return f"{self.share:.0%} of the columns"
        count = len(self.drifted_columns)
        columns = "1 column" if count == 1 else f"{count} columns"
        return f"{columns} with {self.share:.0%} of the importance"

    def _is_important(self, column: ColumnComparison) -> bool:
        return self.weighed and self.weights[column.name] >= IMPORTANT


def _names(columns: Sequence[ColumnComparison]) -> str:
    return ", ".join(column.name for column in columns)


def _critical(text: str, statistic: str, value: float, threshold: float) -> Finding:
    return Finding("drift", text, "critical", None, statistic, value, threshold)
