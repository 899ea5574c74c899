"""The report of monitoring about a window, as an object, as JSON and as text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from ._findings import CHECK, Finding, Status

Answer = Literal["ok", "worse", "unknown"]

# The kinds of finding of the library's checks, the most severe first.
KINDS = ("performance", "drift", "quality")

_DRIFT: dict[Status, str] = {"ok": "no", "failed": "yes", "unknown": "unknown"}
_QUALITY: dict[Status, str] = {"ok": "ok", "failed": "bad", "unknown": "unknown"}


@dataclass(frozen=True)
class Window:
    """An interval of event time.

    Attributes:
        since: its beginning, with a time zone.
        until: its end, excluded.
        rows: number of logged predictions in it.
        sampled: number of rows that were examined.

    Examples:
        >>> Window(since, until, rows=120_000, sampled=20_000).sampled
        20000
    """

    since: datetime
    until: datetime
    rows: int
    sampled: int

    @property
    def name(self) -> str:
        """The name of its reports, without a file extension."""
        return f"monitor-{self.since:%Y%m%dT%H%M}-{self.until:%Y%m%dT%H%M}"

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M}"

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
        rows: number of sampled rows.
        share: share of the rows of the window.
        share_before: share of the rows of the reference.
        drifted: columns that drifted among these rows.
        performance: performance on these rows; `unknown` with too few labels.
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
    """The results of all checks of a window.

    Attributes:
        window: interval and number of rows.
        statuses: `ok`, `unknown` or `failed` by kind of finding; a kind that was not checked is
            left out.
        findings: findings of all checks.
        report: Evidently's page, relative to the project's folder; None if nothing was compared.
        drift_scores: distance by compared column, `prediction` included.
        drift_thresholds: the distance from which on a column has drifted.
        notes: sentences, e.g. about what could not be checked.
        metrics: values behind the status of the performance, by name.
        advice: what to do about the findings, or what the loop has decided; empty if nothing was
            checked.
        segments: the results for each value of a column, if requested.

    Examples:
        >>> report = MonitoringReport(Window(since, until, rows=12, sampled=12), {"drift": "ok"})
        >>> report.drift, report.performance
        (False, 'unknown')
    """

    window: Window
    statuses: Mapping[str, Status] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    report: str | None = None
    drift_scores: Mapping[str, float] = field(default_factory=dict)
    drift_thresholds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    advice: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def drift(self) -> bool:
        """Whether drift is an alarm."""
        return self.statuses.get("drift") == "failed"

    @property
    def quality(self) -> bool:
        """Whether the check of data quality failed."""
        return self.statuses.get("quality") == "failed"

    @property
    def performance(self) -> Answer:
        """`unknown` with too few labels."""
        status = self.statuses.get("performance", "unknown")
        return "worse" if status == "failed" else status

    @property
    def has_failed_checks(self) -> bool:
        """Whether a check raised an exception, so that the report is incomplete."""
        return self.statuses.get(CHECK) == "failed"

    def is_cleared(self, kind: str) -> bool:
        """Whether a kind of finding was checked, without a finding."""
        # A check of the project names a kind only when it finds something.
        complete = self.statuses.get(CHECK) == "ok" and self.window.sampled > 0
        return self.statuses.get(kind, "ok" if complete else "unknown") == "ok"

    def to_json(self) -> dict[str, object]:
        return {
            "window": self.window.to_json(),
            "drift": self.drift,
            "quality": self.quality,
            "performance": self.performance,
            "statuses": dict(self.statuses),
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
        """The statuses, each finding and each note, one sentence each."""
        window = self.window
        own = [
            f"{kind}: {'found' if status == 'failed' else status}"
            for kind, status in self.statuses.items()
            if kind not in (*KINDS, CHECK)
        ]
        lines = [
            f"{window}: {window.rows} predictions, {window.sampled} of them sampled",
            "; ".join(
                [
                    f"drift: {_DRIFT[self.statuses.get('drift', 'unknown')]}",
                    f"quality: {_QUALITY[self.statuses.get('quality', 'unknown')]}",
                    f"performance: {self.performance}",
                    *own,
                    *(["checks: failed"] if self.has_failed_checks else []),
                ]
            ),
        ]
        lines += [finding.text for finding in self.findings]
        lines += self.notes
        lines += [segment.summary() for segment in self.segments]
        lines += [f"advice: {self.advice}"] if self.advice else []
        return lines if self.report is None else [*lines, f"report: {self.report}"]
