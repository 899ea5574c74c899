"""The gate: may this model be published? It alone reads the holdout's outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bootstrap import Resampling
from .gate_result import GateResult
from .interval import Interval
from .metrics import Floats, Metric
from .slices import Slice, compare_slices
from .target import Labels


@dataclass(frozen=True)
class HoldoutPredictions:
    """Predictions of several models on the same held-out rows.

    Attributes:
        labels: class codes or values, shape (rows,).
        candidate: predictions of the model that wants to pass.
        baseline: those of the dummy baseline.
        champion: those of the present champion, on rows it was not trained on, if there is one.
        note: what else should be said of the comparison.
    """

    labels: Labels
    candidate: Floats
    baseline: Floats
    champion: Floats | None = None
    note: str = ""


def compare_models(
    predictions: HoldoutPredictions, metric: Metric, resampling: Resampling, margin: float
) -> GateResult:
    """Pass a model that beats the baseline and is not worse than the champion by `margin`.

    Both must hold at the lower bound of the paired difference, so rows that are few or say
    little make the gate refuse.

    Args:
        predictions: the predictions to compare.
        metric: what is compared.
        resampling: how the interval is drawn.
        margin: how much worse than the champion is still allowed, in units of the metric.
    """
    values, draws = _scores(predictions, metric, resampling)
    score = resampling.interval(values[0], draws[:, 0])

    def gain(over: int) -> Interval:
        gained = metric.direction * (draws[:, 0] - draws[:, over])
        return resampling.interval(metric.direction * (values[0] - values[over]), gained)

    metrics = {"baseline": values[1]} | _interval_metrics("score", score)
    metrics |= _interval_metrics("gain_over_baseline", gain(1))
    beats = gain(1).low > 0
    messages = [
        f"{metric.name} on {len(predictions.labels)} held-out rows is {score}.",
        f"It {'beats' if beats else 'does not surely beat'} the baseline: better by {gain(1)}.",
    ]
    messages += [predictions.note] if predictions.note else []
    if predictions.champion is None:
        return GateResult(beats, tuple(messages), metrics)
    metrics |= {"champion": values[2], "margin": margin} | _interval_metrics(
        "gain_over_champion", gain(2)
    )
    holds = gain(2).low >= -margin
    messages.append(
        f"It is {'at most' if holds else 'perhaps more than'} {margin:g} worse than the champion: "
        f"better by {gain(2)}."
    )
    return GateResult(beats and holds, tuple(messages), metrics)


def _scores(
    predictions: HoldoutPredictions, metric: Metric, resampling: Resampling
) -> tuple[list[float], Floats]:
    """Of candidate, baseline and champion: the metric on all rows, and on each resample."""
    models = [predictions.candidate, predictions.baseline]
    models += [] if predictions.champion is None else [predictions.champion]
    scorers = [metric.scorer(predictions.labels, predicted) for predicted in models]
    whole = np.ones(len(predictions.labels))
    return [scorer(whole) for scorer in scorers], resampling.scores(scorers)


def _interval_metrics(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def compare_slices_of_models(
    predictions: HoldoutPredictions,
    metric: Metric,
    resampling: Resampling,
    slices: Sequence[Slice],
    margin: float,
) -> GateResult:
    """Refuse a model that is surely worse on some slice, by more than the slices' margin.

    Its rival is the champion, or the baseline while there is none.
    """
    rival, name = predictions.champion, "champion"
    if rival is None:
        rival, name = predictions.baseline, "baseline"
    models = (predictions.candidate, rival)
    gains = compare_slices(slices, predictions.labels, models, metric, resampling, margin)
    failed = [one for one in gains if one.failed]
    told = [
        f"On {one.name} ({one.rows} rows) it is surely more than {margin:g} worse than the "
        f"{name}: better by {one.gain}."
        for one in failed
    ]
    if gains and not failed:
        told = [f"On none of {len(gains)} slices is it surely more than {margin:g} worse."]
    metrics = {"slices": float(len(gains)), "slices_failed": float(len(failed))}
    return GateResult(not failed, tuple(told), metrics, gains)


@dataclass(frozen=True)
class Limits:
    """What a model may cost: bytes of its exported form, seconds to predict one row."""

    size: int
    latency: float


def check_costs(size: int, latency: float, limits: Limits) -> GateResult:
    """Refuse a model that is too large to ship, or too slow to serve."""
    told = []
    if size > limits.size:
        told.append(f"It takes {size:,} bytes, more than gate.max_size allows ({limits.size:,}).")
    if latency > limits.latency:
        told.append(
            f"It takes {latency * 1e3:.2f} ms a row, more than gate.max_latency allows "
            f"({limits.latency * 1e3:g} ms)."
        )
    return GateResult(not told, tuple(told), {"size": float(size), "latency": latency})
