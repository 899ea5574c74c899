"""The report of a replay as plain values: months, versions and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ...evaluation._interval import Interval

Outcome = Literal[
    "champion", "challenger", "rejected", "rejected at gate", "rolled back", "retired"
]
Details = Mapping[str, object]


@dataclass(frozen=True)
class Month:
    """One month of the replay; `since` inclusive, `until` exclusive, both aware.

    label: short, as under an axis. rows: predictions answered. labels: of these, the ones whose
    outcome was joined, which is what every metric of the month is computed on. champion and
    first: metric name to interval; a metric that could not be computed is left out. drift: column
    to Evidently's score over its threshold, so that 1 and more is a drift. report: path of
    Evidently's page, relative to the folder of the story's page. traffic: version to rows it
    answered. context: what else the month was like, the name carrying its unit after a comma.
    """

    label: str
    since: datetime
    until: datetime
    apart: bool
    rows: int
    labels: int
    base_rate: float | None
    champion: Mapping[str, Interval]
    first: Mapping[str, Interval]
    drift: Mapping[str, float]
    drifted: bool
    performance: str
    report: str | None
    traffic: Mapping[str, int]
    context: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionSpan:
    """When a version served and when it ran in shadow; an open end lasts until the year does.

    A version that served twice, or ran in shadow before and after it served, has several spans.
    The first span of a story belongs to the first model. `version` is any unique name where the
    gate refused a model before it had one.
    """

    version: str
    run_id: str
    trained_until: datetime
    served_from: datetime | None
    served_to: datetime | None
    shadow_from: datetime | None
    shadow_to: datetime | None
    outcome: Outcome
    details: Details = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """One transition of the loop, as the journal has it."""

    time: datetime
    kind: str
    summary: str
    details: Details
    actor: str


@dataclass(frozen=True)
class ReplayReport:
    """A year as the page tells it. `metric` is the one the chart shows; all months carry it.

    apart_from: the settings were fixed on the months before this moment; None where no month
    is held apart. unit is that of every metric, empty where they have none.
    """

    title: str
    metric: str
    months: tuple[Month, ...]
    versions: tuple[VersionSpan, ...]
    decisions: tuple[Decision, ...]
    settings_note: str
    rows_per_month: int
    apart_from: datetime | None
    greater_is_better: bool = True
    unit: str = ""

    def half(self, *, apart: bool) -> tuple[Month, ...]:
        """The months held apart, or those on which the settings were fixed."""
        return tuple(month for month in self.months if month.apart is apart)

    def compared(self, metric: str, *, apart: bool) -> tuple[tuple[float, float], ...]:
        """(champion, first model) of each month of that half in which both were measured."""
        return tuple(
            (month.champion[metric].value, month.first[metric].value)
            for month in self.half(apart=apart)
            if metric in month.champion and metric in month.first
        )

    def mean_champion(self, *, apart: bool, metric: str | None = None) -> float | None:
        """Mean over the months of a half, each month weighing the same; None without months."""
        return _mean([a for a, _ in self.compared(metric or self.metric, apart=apart)])

    def mean_first(self, *, apart: bool, metric: str | None = None) -> float | None:
        """The same for the first model never retrained, on the same months."""
        return _mean([b for _, b in self.compared(metric or self.metric, apart=apart)])

    def months_ahead(self, *, apart: bool) -> int:
        """Months of a half in which the champion was strictly better than the first model."""
        sign = 1 if self.greater_is_better else -1
        return sum(sign * (a - b) > 0 for a, b in self.compared(self.metric, apart=apart))

    @property
    def first_version(self) -> str | None:
        return self.versions[0].version if self.versions else None

    @property
    def retrainings(self) -> int:
        """Models made after the first one, whatever became of them."""
        return len({span.version for span in self.versions} - {self.first_version})

    @property
    def promotions(self) -> int:
        """Versions after the first one that came to serve."""
        served = {span.version for span in self.versions if span.served_from is not None}
        return len(served - {self.first_version})

    def ended(self, outcome: Outcome) -> int:
        """Versions with that outcome."""
        return len({span.version for span in self.versions if span.outcome == outcome})

    @property
    def predictions(self) -> int:
        return sum(month.rows for month in self.months)

    @property
    def labels(self) -> int:
        return sum(month.labels for month in self.months)

    @property
    def drifts(self) -> int:
        """Months in which the data set as a whole had drifted."""
        return sum(month.drifted for month in self.months)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
