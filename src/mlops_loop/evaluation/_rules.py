"""The library's rules of the gate. A project lists the ones it applies in `gate.py`."""

from dataclasses import dataclass
from datetime import timedelta

from ._comparison import Comparison
from ._formatting import format_metric
from ._gate_result import GateRuleResult
from ._interval import Interval
from ._slices import compare_slices, find_slices

__all__ = ["BetterThanBaseline", "MaxLatency", "MaxSize", "NotWorseThanChampion", "Slices"]


@dataclass(frozen=True)
class BetterThanBaseline:
    """The candidate is significantly better than the dummy baseline.

    The lower confidence bound of the gain has to be above zero, by a paired bootstrap (Efron &
    Tibshirani, An Introduction to the Bootstrap, 1993). With few or uninformative rows the rule
    fails.

    Examples:
        >>> BetterThanBaseline()(comparison).passed
        True
    """

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        gain = comparison.gain_over("baseline")
        passed = gain.low > 0
        return GateRuleResult(
            passed,
            f"It is {'' if passed else 'not significantly '}better than the baseline: gain in "
            f"{comparison.metric.name} {gain}.",
            {"baseline": comparison.score_of("baseline")} | bounds("gain_over_baseline", gain),
        )


@dataclass(frozen=True)
class NotWorseThanChampion:
    """The candidate is not worse than the champion by more than a margin (non-inferiority test).

    The lower confidence bound of the gain, by a paired bootstrap, has to be above minus the margin:
    see Piaggio et al., "Reporting of Noninferiority and Equivalence Randomized Trials", JAMA 308
    (2012). Without a champion to compare with, the rule passes.

    Attributes:
        margin: tolerated loss in units of the metric, by default `gate.margin`.

    Examples:
        >>> NotWorseThanChampion(margin=0.01)(comparison).passed
        True
    """

    margin: float | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        if comparison.champion is None:
            return GateRuleResult(True, "")
        margin = comparison.settings.margin if self.margin is None else self.margin
        gain = comparison.gain_over("champion")
        passed = gain.low >= -margin
        values = {"champion": comparison.score_of("champion"), "margin": margin}
        name = comparison.metric.name
        text = f"It is not worse than the champion by more than {margin:g}: gain in {name} {gain}."
        if not passed:
            text = (
                f"It may be worse than the champion by more than {margin:g}: the gain in {name} "
                f"is estimated as {format_metric(gain.value)}, and its lower confidence bound "
                f"{format_metric(gain.low)} is below {-margin:g}."
            )
        return GateRuleResult(passed, text, values | bounds("gain_over_champion", gain))


@dataclass(frozen=True)
class Slices:
    """On no slice of the rows is the candidate significantly worse than its rival.

    A slice is a value of a category, a boolean or the group. The rival is the champion, or the
    baseline while there is none. The confidence is adjusted for the number of slices (Bonferroni
    correction: Dunn, "Multiple Comparisons Among Means", JASA 56, 1961).

    Attributes:
        min_rows: slices with fewer rows are not compared; by default `gate.slice_rows`.
        margin: how much worse a slice may be, in units of the metric; by default
            `gate.slice_factor` times `gate.margin`.

    Examples:
        >>> Slices(min_rows=20)(comparison).passed
        True
    """

    min_rows: int | None = None
    margin: float | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        gate, rival = comparison.settings, comparison.rival
        margin = gate.slice_factor * gate.margin if self.margin is None else self.margin
        min_rows = gate.slice_rows if self.min_rows is None else self.min_rows
        slices = find_slices(comparison.contract, comparison.columns, min_rows)
        compared = compare_slices(
            slices,
            comparison.labels,
            (comparison.candidate, comparison.predictions_of(rival)),
            comparison.metric,
            comparison.resampling,
            margin,
        )
        failed = [part for part in compared if part.failed]
        texts = [
            f"On {part.name} ({part.rows} rows) it is worse than the {rival} by more than "
            f"{margin:g}: gain in {comparison.metric.name} {part.gain}."
            for part in failed
        ]
        if compared and not failed:
            texts = [f"On none of {len(compared)} slices is it worse by more than {margin:g}."]
        values = {"slices": float(len(compared)), "slices_failed": float(len(failed))}
        return GateRuleResult(not failed, " ".join(texts), values, compared)


@dataclass(frozen=True)
class MaxSize:
    """The exported model is not larger than a limit.

    Attributes:
        limit: largest size in bytes, by default `gate.max_size`.

    Examples:
        >>> MaxSize(limit=0)(comparison).text
        'The model is 1,000 bytes (limit 0, gate.max_size).'
    """

    limit: int | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        limit = comparison.settings.max_size if self.limit is None else self.limit
        passed, size = comparison.size <= limit, comparison.size
        text = "" if passed else f"The model is {size:,} bytes (limit {limit:,}, gate.max_size)."
        return GateRuleResult(passed, text, {"size": float(size)})


@dataclass(frozen=True)
class MaxLatency:
    """Predicting one row does not take longer than a limit.

    Attributes:
        limit: a `timedelta`, by default `gate.max_latency`.

    Examples:
        >>> from datetime import timedelta
        >>> MaxLatency(limit=timedelta(milliseconds=0.5))(comparison).text
        'A row takes 1.00 ms (limit 0.5 ms, gate.max_latency).'
    """

    limit: timedelta | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        limit = comparison.settings.max_latency if self.limit is None else self.limit
        seconds, latency = limit.total_seconds(), comparison.latency
        passed = latency <= seconds
        text = f"A row takes {latency * 1e3:.2f} ms (limit {seconds * 1e3:g} ms, gate.max_latency)."
        return GateRuleResult(passed, "" if passed else text, {"latency": latency})


def bounds(name: str, interval: Interval) -> dict[str, float]:
    """A value and its confidence bounds as metrics of MLflow."""
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
