"""Performance of a window before its labels are known, estimated.

Classification: the metric's expected value if each label is drawn with the model's probabilities
(confidence-based performance estimation, CBPE). Regression: a model of the squared or absolute
error, fitted on held-out rows, predicts the errors of the window (direct loss estimation, DLE).
Both are methods of NannyML. They see harder inputs, but by construction no change of the relation
between inputs and label.
"""

import numpy as np

from ..contract._columns import Floats
from ..evaluation._formatting import format_metric
from ..evaluation._metric import Metric
from ._findings import CheckResult
from ._samples import Sample
from ._window import MonitoringWindow

_FEWEST_ROWS = 100


def estimate_performance(window: MonitoringWindow) -> CheckResult:
    """The estimate as a metric `estimated_…` and a note; nothing if there is no method for it."""
    metric, holdout = window.metric, window.holdout
    current = _predicted(window.sample)
    if metric.weighted is None or len(current) < _FEWEST_ROWS or holdout.labels is None:
        return CheckResult()
    if window.contract.classes:
        value = expected_metric(metric, current.scores)
        before = expected_metric(metric, holdout.scores)
    elif metric.name in ("rmse", "mae") and len(holdout) >= _FEWEST_ROWS:
        value, before = estimated_error(metric.name, holdout, current, window.settings.seed)
    else:
        return CheckResult()
    measured = metric.value(holdout.labels, holdout.scores)
    note = (
        f"estimated, labels are not known yet: {metric.name} {format_metric(value)} on "
        f"{len(current)} rows; the same estimate for the holdout is {format_metric(before)}, where "
        f"{format_metric(measured)} was measured. It cannot see a change of the relation between "
        "inputs and label"
    )
    return CheckResult(notes=[note], metrics={f"estimated_{metric.name}": value})


def expected_metric(metric: Metric, probabilities: Floats) -> float:
    """A metric with each row once for each class, weighted by the class's probability."""
    rows, classes = probabilities.shape
    labels = np.tile(np.arange(classes), rows)
    scorer = metric.scorer(labels, np.repeat(probabilities, classes, axis=0))
    return float(scorer(probabilities.ravel()))


def estimated_error(metric: str, holdout: Sample, window: Sample, seed: int) -> tuple[float, float]:
    """The error of the window, and out of fold that of the holdout, by a model of the error."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.model_selection import cross_val_predict

    assert holdout.labels is not None
    errors = np.abs(holdout.scores - holdout.labels)
    errors = errors if metric == "mae" else errors**2
    model = HistGradientBoostingRegressor(
        max_iter=50, max_leaf_nodes=8, min_samples_leaf=50, early_stopping=False, random_state=seed
    )
    inputs, current = _numeric(holdout), _numeric(window)
    before = float(cross_val_predict(model, inputs, errors, cv=3).mean())
    value = float(model.fit(inputs, errors).predict(current).mean())
    if metric == "mae":
        return max(value, 0.0), before
    return max(value, 0.0) ** 0.5, max(before, 0.0) ** 0.5


def _numeric(sample: Sample) -> Floats:
    """The prediction and the numeric columns, missing values as NaN."""
    numbers = [
        values.astype(np.float64)
        for _, values in sorted(sample.columns.items())
        if values.dtype.kind in "fiub"
    ]
    return np.column_stack([sample.scores, *numbers])


def _predicted(sample: Sample) -> Sample:
    scores = sample.scores if sample.scores.ndim == 1 else sample.scores[:, 0]
    return sample.take(~np.isnan(scores))
