"""The report of a replay as plain values: months, versions and decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from ...evaluation._interval import Interval

Outcome = Literal[
    "champion", "challenger", "rejected", "rejected at gate", "rolled back", "retired"
]
Details = Mapping[str, object]


@dataclass(frozen=True)
class Month:
    """One month of the replay.

    Attributes:
        label: short name, used as an axis label.
        since: start of the month, inclusive.
        until: end of the month, exclusive.
        held_out: whether the settings were fixed before this month.
        rows: number of predictions.
        labels: number of labelled predictions; all metrics are computed on them.
        base_rate: share of the positive class; None unless the problem is binary.
        champion: interval by name of the metric; metrics that cannot be computed are left out.
        first: the same for the first model.
        drift: distance divided by its threshold, by column; 1 or more is a drift.
        drifted: whether the drift was an alarm.
        performance: result of monitoring, e.g. `worse`.
        report: path of Evidently's report, relative to the folder of the page.
        traffic: number of rows by the version that served them.
        context: other values of the month; a name ends with a comma and the unit.
    """

    label: str
    since: datetime
    until: datetime
    held_out: bool
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
    """When a version served and when it ran in shadow.

    A version that served twice, or ran in shadow before and after it served, has several spans.
    The first span of a report belongs to the first model.

    Attributes:
        version: the version in the registry.
        run_id: its run in MLflow.
        trained_until: time of the newest training row.
        served_from: when it became champion; None if it never served.
        served_to: when it was replaced; None means until the end of the replay.
        shadow_from: when it began to run in shadow; None if it never did.
        shadow_to: when that ended; None means until the end of the replay.
        outcome: what the version ended as.
        details: metrics of the version.
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
    """One transition of the loop, from the audit log."""

    time: datetime
    kind: str
    summary: str
    details: Details
    actor: str


@dataclass(frozen=True)
class ReplayReport:
    """All values of the page.

    Attributes:
        title: title of the page.
        metric: the metric of the chart and the headline.
        months: the months, oldest first.
        versions: the versions, oldest first.
        decisions: the transitions of the loop, oldest first.
        settings_note: how the settings were chosen, for the footer.
        rows_per_month: limit of the rows replayed per month.
        held_out_from: the settings were fixed on the months before; None if no month is held out.
        greater_is_better: whether greater values of the metric are better.
        unit: unit of the metric, empty if it has none.
    """

    title: str
    metric: str
    months: tuple[Month, ...]
    versions: tuple[VersionSpan, ...]
    decisions: tuple[Decision, ...]
    settings_note: str
    rows_per_month: int
    held_out_from: datetime | None
    greater_is_better: bool = True
    unit: str = ""

    def half(self, *, held_out: bool) -> tuple[Month, ...]:
        """The months held out, or those on which the settings were fixed."""
        return tuple(month for month in self.months if month.held_out is held_out)

    def compared(self, metric: str, *, held_out: bool) -> tuple[tuple[float, float], ...]:
        """(champion, first model) for each month of that half in which both were measured."""
        return tuple(
            (month.champion[metric].value, month.first[metric].value)
            for month in self.half(held_out=held_out)
            if metric in month.champion and metric in month.first
        )

    def mean_champion(self, *, held_out: bool, metric: str | None = None) -> float | None:
        """Unweighted mean over the months of a half; None without months."""
        return _mean([a for a, _ in self.compared(metric or self.metric, held_out=held_out)])

    def mean_first(self, *, held_out: bool, metric: str | None = None) -> float | None:
        """The same for the first model never retrained, on the same months."""
        return _mean([b for _, b in self.compared(metric or self.metric, held_out=held_out)])

    def months_ahead(self, *, held_out: bool) -> int:
        """Months of a half in which the champion was strictly better than the first model."""
        sign = 1 if self.greater_is_better else -1
        return sum(sign * (a - b) > 0 for a, b in self.compared(self.metric, held_out=held_out))

    @property
    def first_version(self) -> str | None:
        return self.versions[0].version if self.versions else None

    @property
    def retrainings(self) -> int:
        """Number of versions after the first one, rejected ones included."""
        return len({span.version for span in self.versions} - {self.first_version})

    @property
    def promotions(self) -> int:
        """Number of versions after the first one that served."""
        served = {span.version for span in self.versions if span.served_from is not None}
        return len(served - {self.first_version})

    def ended(self, outcome: Outcome) -> int:
        """Number of versions with that outcome.

        Raises:
            ValueError: if there is no such outcome, so that the template cannot ask for one.
        """
        if outcome not in get_args(Outcome):
            raise ValueError(f"unknown outcome {outcome!r}: expected one of {get_args(Outcome)}")
        return len({span.version for span in self.versions if span.outcome == outcome})

    @property
    def predictions(self) -> int:
        return sum(month.rows for month in self.months)

    @property
    def labels(self) -> int:
        return sum(month.labels for month in self.months)

    @property
    def drifts(self) -> int:
        """Number of months in which the data set as a whole drifted."""
        return sum(month.drifted for month in self.months)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
