"""Metrics on the held-out rows with their confidence bounds."""

from collections.abc import Mapping

from ..contract._columns import Floats
from ._bootstrap import Resampling
from ._measured import Score
from ._metric import Metric
from ._target import Labels


def score_all(
    metrics: Mapping[str, Metric], labels: Labels, predicted: Floats, resampling: Resampling
) -> tuple[Score, ...]:
    """Every metric with its interval."""
    scorers = [metric.scorer(labels, predicted) for metric in metrics.values()]
    draws = resampling.scores(scorers)
    return tuple(
        Score(
            name,
            resampling.interval(metric.value(labels, predicted), draws[:, at]),
            "higher" if metric.greater_is_better else "lower",
        )
        for at, (name, metric) in enumerate(metrics.items())
    )
