"""Performance on rows older than `label_horizon`.

Labels that arrive early are not a representative sample (e.g. flights on time are known first), so
younger rows are not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from .._settings import Settings
from ..contract import Contract
from ..evaluation._metric import Metric
from ..prediction_log import Counts, PredictionLog
from ._findings import Finding, Status
from ._performance_delta import PerformanceDelta
from ._performance_measure import fewest_of_class, measure
from ._samples import Sample, labelled_sample
from ._slices import worse_slices


@dataclass(frozen=True)
class Performance:
    """The status with notes and metrics."""

    status: Status
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


def labelled_rows(
    settings: Settings,
    contract: Contract,
    log: PredictionLog,
    since: datetime,
    until: datetime,
    version: str,
) -> Sample:
    """A uniform sample of the labelled rows that a version predicted, served or in shadow.

    Args:
        settings: maximum number of rows.
        contract: types and roles of the columns.
        log: predictions and labels.
        since: beginning of the cohort, in event time.
        until: its end, excluded.
        version: version of the model.
    """
    limit = max(settings.monitoring.sample_rows, settings.monitoring.min_labels)
    rows = log.sample(since, until, limit, labelled=True, version=version)
    return labelled_sample(contract, rows, version)


def find_performance(
    settings: Settings,
    contract: Contract,
    metric: Metric,
    *,
    reference: Sample,
    labelled: Sample,
    counts: Counts,
) -> Performance:
    """Compare labelled rows with the held-out rows of the same version.

    Performance has failed if the predictions need a recalibration, see `PerformanceDelta.is_worse`,
    and is unknown with fewer labels than `monitoring.min_labels`.

    Args:
        settings: margin and minimum number of labels.
        contract: types and roles of the columns.
        counts: number of predictions and labels of the cohort.
        metric: the metric to compare.
    """
    missing = f"{counts.predictions - counts.labels} of {counts.predictions} have no label yet"
    least = settings.monitoring.min_labels
    if len(labelled) < least:
        return unknown(f"{len(labelled)} labelled rows (at least {least} needed); {missing}")
    if reference.labels is None:
        return unknown(f"the reference has no column {contract.target.name}; train again")
    delta = measure(contract, metric, reference=reference, window=labelled, seed=settings.seed)
    if delta is None:
        return unknown(
            f"fewer than {fewest_of_class(metric)} labels of a class on one side, or all are the "
            f"same; {missing}"
        )
    judged = _judged(delta, settings.monitoring.performance_margin, counts.labels, missing)
    slices = worse_slices(settings, contract, metric, reference=reference, window=labelled)
    return replace(judged, findings=(*judged.findings, *slices))


def unknown(reason: str) -> Performance:
    """The result if performance cannot be measured."""
    return Performance("unknown", (f"performance is unknown: {reason}",))


def _judged(delta: PerformanceDelta, margin: float, labels: int, missing: str) -> Performance:
    notes = (f"{delta.summary()}; {missing}",)
    metrics = {**delta.metrics(), "labels": float(labels)}
    if not delta.is_worse(margin):
        return Performance("ok", notes, metrics=metrics)
    return Performance("failed", notes, (delta.finding(margin, "critical"),), metrics)
