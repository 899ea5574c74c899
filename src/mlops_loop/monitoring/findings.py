"""What monitoring found, as objects, as JSON and in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from ..evaluation.formatting import format_metric

Kind = Literal["drift", "quality", "performance"]
# A warning concerns one column; what is critical concerns the whole window.
Severity = Literal["warning", "critical"]
Answer = Literal["ok", "worse", "unknown"]

_SENTENCES = {
    "wasserstein": "{column} drifted by {value:.3f} standard deviations (Wasserstein distance), "
    "threshold {threshold:.3f}",
    "jensen_shannon": "{column} drifted: Jensen-Shannon distance {value:.3f}, "
    "threshold {threshold:.3f}",
    "drifted_share": "{value:.0%} of the columns drifted, threshold {threshold:.0%}",
    "violation_share": "{value:.1%} of the rows break the contract{in_column}, "
    "threshold {threshold:.1%}",
    "missing_share": "{column} is missing in {value:.0%} of the rows, threshold {threshold:.0%}",
    "unseen_share": "{column} holds values that training never saw in {value:.1%} of the rows, "
    "threshold {threshold:.1%}",
    "distinct_values": "{column} says the same in every row",
    "rows": "only {value:.0f} rows came, threshold {threshold:.0f}: half of the window before",
    "age_hours": "the newest row is {value:.0f} hours older than the end of the window, "
    "threshold {threshold:.0f}",
}


def basis(metric: str) -> str:
    """What a metric was brought to before it was compared, in words."""
    return f"at the holdout's {'spread' if metric in ('rmse', 'mae') else 'base rate'}"


@dataclass(frozen=True)
class Finding:
    """Something that crossed its threshold.

    Attributes:
        column: None if it concerns the whole window; `prediction` for what the model answered.
        statistic: what was measured: a metric's name, or one of the names above.
        slice: the value of the column, where it concerns only the rows that have it.
        rows: how many rows of the window it stands for; what was looked at is a sample of them.
    """

    kind: Kind
    column: str | None
    statistic: str
    value: float
    threshold: float
    severity: Severity
    slice: str | None = None
    rows: int = 0

    @property
    def key(self) -> str:
        """What makes it the same finding in the next window."""
        return "/".join([self.kind, self.column or "", self.slice or "", self.statistic])

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def summary(self) -> str:
        if self.kind == "performance":
            where = f" where {self.column} is {self.slice}" if self.slice is not None else ""
            return (
                f"performance is worse{where}: {self.statistic} is {format_metric(self.value)} "
                f"{basis(self.statistic)}, threshold {format_metric(self.threshold)}"
            )
        in_column = f" in {self.column}" if self.column else ""
        return _SENTENCES[self.statistic].format(in_column=in_column, **asdict(self))


@dataclass(frozen=True)
class Window:
    """A stretch of event time, end excluded: how many rows it holds, how many were looked at."""

    since: datetime
    until: datetime
    rows: int
    sampled: int

    def to_json(self) -> dict[str, object]:
        return {
            **asdict(self),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }


@dataclass(frozen=True)
class Segment:
    """The rows in which a column has one value.

    Attributes:
        rows: of the sample; the shares are of the window and of the reference.
        drifted: columns that drifted among these rows.
        performance: of these rows; `unknown` with too few labels.
    """

    column: str
    value: str
    rows: int
    share: float
    share_before: float
    drifted: tuple[str, ...]
    performance: Answer
    metrics: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def summary(self) -> str:
        drifted = ", ".join(self.drifted) or "nothing"
        return (
            f"{self.column} = {self.value}: {self.share:.1%} of the rows, {self.share_before:.1%} "
            f"of the reference; drifted: {drifted}; performance: {self.performance}"
        )


@dataclass(frozen=True)
class MonitoringReport:
    """The answers to the three questions, and everything they rest on.

    Attributes:
        drift: whether enough columns drifted for the window as a whole.
        quality: whether the quality of the data is broken.
        performance: `unknown` as long as too few mature labels are there.
        report: Evidently's page, relative to the project's root; None if nothing was compared.
        drift_scores: Evidently's distance by compared column, `prediction` included.
        notes: sentences about what could not be judged, or on how much a verdict rests.
        metrics: what the verdict on performance rests on, by name.
        advice: what the answers mean together; empty where there is nothing to judge.
        segments: the answers for each value of a column, where they were asked for.
    """

    window: Window
    drift: bool
    quality: bool
    performance: Answer
    findings: tuple[Finding, ...] = ()
    report: str | None = None
    drift_scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    advice: str = ""
    segments: tuple[Segment, ...] = ()

    def to_json(self) -> dict[str, object]:
        return {
            "window": self.window.to_json(),
            "drift": self.drift,
            "quality": self.quality,
            "performance": self.performance,
            "findings": [finding.to_json() for finding in self.findings],
            "report": self.report,
            "advice": self.advice,
            **(
                {"segments": [segment.to_json() for segment in self.segments]}
                if self.segments
                else {}
            ),
        }

    def messages(self) -> list[str]:
        """The answers, each finding and each note, one sentence each."""
        window = self.window
        lines = [
            f"{window.since:%Y-%m-%d %H:%M} to {window.until:%Y-%m-%d %H:%M}: "
            f"{window.rows} predictions, {window.sampled} of them looked at",
            f"drift: {'yes' if self.drift else 'no'}; "
            f"quality: {'broken' if self.quality else 'nothing found'}; "
            f"performance: {self.performance}",
        ]
        lines += [finding.summary() for finding in self.findings]
        lines += self.notes
        lines += [segment.summary() for segment in self.segments]
        lines += [f"advice: {self.advice}"] if self.advice else []
        return lines if self.report is None else [*lines, f"report: {self.report}"]
