"""Does performance hold? Judged on rows old enough to have their label.

Labels that come early are no fair sample (who is on time is known first), so rows younger than
`label_horizon` are left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..contract import Contract
from ..evaluation.metrics import metric_named
from ..prediction_log import PredictionLog
from ..settings import Settings
from .findings import Answer, Finding
from .performance_delta import PerformanceDelta, measure
from .samples import Sample, labelled_sample
from .slices import worse_slices


@dataclass(frozen=True)
class Performance:
    """The answer, a sentence about it, and the figures it rests on.

    `sample` holds the labelled rows, where there are enough.
    """

    answer: Answer
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    sample: Sample | None = None


def find_performance(
    settings: Settings,
    contract: Contract,
    log: PredictionLog,
    *,
    since: datetime,
    until: datetime,
    version: str,
    reference: Sample,
) -> Performance:
    """Compare labelled rows with the champion's held-out rows.

    Performance is worse when all of the interval lies beyond the margin, and unknown with fewer
    labels than the settings ask for.

    Args:
        settings: the metric, the margin, and how many labels are enough.
        contract: what the data is.
        log: predictions and labels.
        since: beginning of the cohort, in event time.
        until: its end, excluded; no row before it may be younger than `label_horizon`.
        version: the champion; where it ran in shadow its answers count as well.
        reference: its held-out rows.
    """
    if until <= since:
        return _unknown("no row of the window is old enough to have its label")
    counts = log.count(since, until, version=version)
    missing = f"{counts.predictions - counts.labels} of {counts.predictions} have no label yet"
    least = settings.monitoring.min_labels
    limit = max(settings.monitoring.sample_rows, least)
    rows = log.sample(since, until, limit, labelled=True, version=version)
    sample = labelled_sample(contract, rows, version)
    if len(sample) < least:
        return _unknown(f"{least} labelled rows are needed, there are {len(sample)}; {missing}")
    if reference.labels is None:
        return _unknown(f"the reference has no column {contract.target.name}; train again")
    metric = metric_named(settings.training.metric, contract.problem)
    delta = measure(contract, metric, reference=reference, window=sample, seed=settings.seed)
    if delta is None:
        return _unknown(f"all outcomes are alike; {missing}")
    judged = _judged(delta, settings.monitoring.performance_margin, counts.labels, missing)
    slices = worse_slices(settings, contract, metric, reference=reference, window=sample)
    return replace(judged, findings=(*judged.findings, *slices), sample=sample)


def _unknown(reason: str) -> Performance:
    return Performance("unknown", (f"performance is unknown: {reason}",))


def _judged(delta: PerformanceDelta, margin: float, labels: int, missing: str) -> Performance:
    notes = (f"{delta.summary()}; {missing}",)
    metrics = {**delta.metrics(), "labels": float(labels)}
    if delta.worsening.low <= margin:
        return Performance("ok", notes, metrics=metrics)
    limit = delta.limit(margin)
    finding = Finding("performance", None, delta.metric, delta.adjusted, limit, "critical")
    return Performance("worse", notes, (finding,), metrics)
