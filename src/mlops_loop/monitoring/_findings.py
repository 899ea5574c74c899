"""Findings of checks, and the status that follows from them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

# A warning concerns one column or a part of the rows, a critical finding the whole window.
Severity = Literal["warning", "critical"]
# Status of a kind of finding; "unknown" if it could not be checked.
Status = Literal["ok", "unknown", "failed"]

# The kind of a finding about a check that raised an exception.
CHECK = "check"

_RANK: Mapping[Status, int] = {"ok": 0, "unknown": 1, "failed": 2}


@dataclass(frozen=True)
class Finding:
    """A problem found in a window of predictions.

    Attributes:
        kind: decides which action applies: `drift`, `quality`, `performance`, or your own.
        text: one sentence that says what was found.
        severity: `warning` for one column or a part of the rows, `critical` for the window.
        column: the input concerned; None for the window, `prediction` for the model's output.
        statistic: name of the statistic, e.g. `wasserstein`, `missing_share` or a metric.
        value: value in the unit of the statistic; None if nothing was measured.
        threshold: the limit that the value exceeds.
        slice: a value of the column, if only the rows with this value are concerned.
        rows: number of rows of the window that it is about; a sample of these was examined.

    Examples:
        >>> Finding("volume", "only 12 predictions", severity="critical").key
        'volume///'
    """

    kind: str
    text: str
    severity: Severity = "warning"
    column: str | None = None
    statistic: str = ""
    value: float | None = None
    threshold: float | None = None
    slice: str | None = None
    rows: int = 0

    @property
    def key(self) -> str:
        """Identifies the same finding in the next window."""
        return "/".join([self.kind, self.column or "", self.slice or "", self.statistic])

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Attributes:
        findings: the problems found.
        statuses: `ok`, `unknown` or `failed` by kind of finding. A kind without a status has
            failed if it has a finding.
        notes: sentences, e.g. about what could not be checked.
        metrics: measured values by name, for the JSON file of the report.
        drift_scores: distance by column.
        drift_thresholds: the distance from which on a column has drifted.
        snapshot: Evidently's, for the page of the report.

    Examples:
        >>> result = CheckResult(statuses={"volume": "unknown"}, notes=["No row was logged."])
        >>> CheckResult.combine([result, CheckResult(statuses={"volume": "ok"})]).statuses
        {'volume': 'unknown'}
    """

    findings: Sequence[Finding] = ()
    statuses: Mapping[str, Status] = field(default_factory=dict)
    notes: Sequence[str] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    drift_scores: Mapping[str, float] = field(default_factory=dict)
    drift_thresholds: Mapping[str, float] = field(default_factory=dict)
    snapshot: Any | None = None

    @classmethod
    def combine(cls, results: "Sequence[CheckResult]") -> "CheckResult":
        """All results as one; the worst status of a kind counts."""
        statuses: dict[str, Status] = {}
        for result in results:
            failed: dict[str, Status] = {finding.kind: "failed" for finding in result.findings}
            for kind, status in (failed | dict(result.statuses)).items():
                statuses[kind] = max(statuses.get(kind, status), status, key=_RANK.__getitem__)
        return cls(
            findings=[finding for result in results for finding in result.findings],
            statuses=statuses,
            notes=[note for result in results for note in result.notes],
            metrics=_united(each.metrics for each in results),
            drift_scores=_united(each.drift_scores for each in results),
            drift_thresholds=_united(each.drift_thresholds for each in results),
            snapshot=next((each.snapshot for each in results if each.snapshot is not None), None),
        )


def _united(values: Iterable[Mapping[str, float]]) -> dict[str, float]:
    return {name: value for each in values for name, value in each.items()}
