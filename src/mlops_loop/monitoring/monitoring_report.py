"""What monitoring says of a window, as an object, as JSON and in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from .findings import CHECK, Finding, Status

Answer = Literal["ok", "worse", "unknown"]

# The kinds of finding of the library's checks, the gravest first.
KINDS = ("performance", "drift", "quality")


@dataclass(frozen=True)
class Window:
    """An interval of event time, end excluded: how many rows it holds, how many were sampled."""

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
    """The answers about a window, and everything they rest on.

    Attributes:
        statuses: by kind of finding; a kind that was not checked is left out.
        report: Evidently's page, relative to the project's root; None if nothing was compared.
        drift_scores: Evidently's distance by compared column, `prediction` included.
        notes: sentences about what could not be checked, or on how many rows a result rests.
        metrics: what the status of performance rests on, by name.
        advice: what the answers mean together; empty where nothing was checked.
        segments: the answers for each value of a column, if requested.
    """

    window: Window
    statuses: Mapping[str, Status] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    report: str | None = None
    drift_scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    advice: str = ""
    segments: tuple[Segment, ...] = ()

    @property
    def drift(self) -> bool:
        """Whether enough columns drifted for the window as a whole."""
        return self.statuses.get("drift") == "failed"

    @property
    def quality(self) -> bool:
        """Whether the quality of the data is broken."""
        return self.statuses.get("quality") == "failed"

    @property
    def performance(self) -> Answer:
        """`unknown` as long as too few labels are old enough."""
        status = self.statuses.get("performance", "unknown")
        return "worse" if status == "failed" else status

    def is_cleared(self, kind: str) -> bool:
        """Whether a kind of finding was checked and nothing was found."""
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
        """The answers, each finding and each note, one sentence each."""
        window = self.window
        own = [
            f"{kind}: {'found' if status == 'failed' else status}"
            for kind, status in self.statuses.items()
            if kind not in (*KINDS, CHECK)
        ]
        lines = [
            f"{window.since:%Y-%m-%d %H:%M} to {window.until:%Y-%m-%d %H:%M}: "
            f"{window.rows} predictions, {window.sampled} of them sampled",
            "; ".join(
                [
                    f"drift: {'yes' if self.drift else 'no'}",
                    f"quality: {'broken' if self.quality else 'nothing found'}",
                    f"performance: {self.performance}",
                    *own,
                ]
            ),
        ]
        lines += [finding.text for finding in self.findings]
        lines += self.notes
        lines += [segment.summary() for segment in self.segments]
        lines += [f"advice: {self.advice}"] if self.advice else []
        return lines if self.report is None else [*lines, f"report: {self.report}"]
