"""The library's rules of the gate. A project lists the ones it applies in `gate.py`."""

from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

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
        gain, chance = comparison.gain_over("baseline"), 1 - comparison.settings.confidence
        passed = gain.low > 0
        text = (
            f"It is {'' if passed else 'not significantly '}better than the baseline: gain in "
            f"{comparison.metric.name} {gain} on {comparison.evidence}."
        )
        if not passed:
            text += (
                " It passes if the lower bound is above 0, which a model that is not better "
                f"reaches with a probability of at most {chance:.0%}."
            )
        values = {"baseline": comparison.score_of("baseline")} | bounds("gain_over_baseline", gain)
        return GateRuleResult(passed, text, values)


@dataclass(frozen=True)
class NotWorseThanChampion:
    """The candidate is not worse than the champion, beyond a margin.

    Before a trial on live labels, which controls its own error, the rule rejects a candidate that
    is demonstrably worse: estimated as worse by more than the margin, and significantly worse than
    the champion. Where the gate decides alone, the rule is strict, a non-inferiority test: the
    lower confidence bound of the gain has to be above minus the margin (Piaggio et al., "Reporting
    of Noninferiority and Equivalence Randomized Trials", JAMA 308, 2012). Both use the paired
    bootstrap. Without a champion to compare with, the rule passes.

    Attributes:
        margin: tolerated loss in units of the metric; by default `gate.margin`, a share of the
            baseline's loss.
        strict: whether the candidate has to prove that it is not worse; by default unless a trial
            follows, i.e. unless `loop.promotion` is `live` and the champion has the same features.
        false_rejections: share of equal models that may be rejected before a trial.

    Examples:
        >>> NotWorseThanChampion(margin=0.01)(comparison).passed
        True
    """

    margin: float | None = None
    strict: bool | None = None
    false_rejections: float = 0.1

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        if comparison.champion is None:
            return GateRuleResult(True, "")
        margin = comparison.margin if self.margin is None else self.margin
        strict = not comparison.trial_follows if self.strict is None else self.strict
        confidence = comparison.settings.confidence if strict else 1 - self.false_rejections
        gain = comparison.gain_over("champion", confidence)
        passed = gain.low >= -margin if strict else gain.high >= 0 or gain.value >= -margin
        explain = _proof_of_equality if strict else _proof_of_harm
        values = {"champion": comparison.score_of("champion"), "margin": margin}
        return GateRuleResult(
            passed,
            explain(comparison, gain, margin, confidence, passed),
            values | bounds("gain_over_champion", gain),
        )


def _proof_of_equality(
    comparison: Comparison, gain: Interval, margin: float, confidence: float, passed: bool
) -> str:
    """What a strict rule found, and how often it is wrong at the width of this interval."""
    limit = format_metric(margin)
    found = f"gain in {comparison.metric.name} {gain} on {comparison.evidence}"
    quantile, width = NormalDist().inv_cdf(confidence), gain.value - gain.low
    rejected = NormalDist().cdf(quantile * (1 - margin / width)) if width else 0.0
    chances = (
        f"A model worse by that much passes with a probability of {1 - confidence:.0%}, an equal "
        f"one is rejected with {rejected:.0%}."
    )
    if passed:
        return f"It is not worse than the champion by more than {limit}: {found}. {chances}"
    return (
        f"It may be worse than the champion by more than {limit}: {found}, and the lower bound is "
        f"below -{limit}. {chances} With an interval of this width, a gain of at least "
        f"{format_metric(width - margin)} passes. More held-out rows narrow the interval; with "
        "`loop.promotion: live` a trial decides."
    )


def _proof_of_harm(
    comparison: Comparison, gain: Interval, margin: float, confidence: float, passed: bool
) -> str:
    """What the rule before a trial found, and how often it is wrong at this interval's width."""
    limit = format_metric(margin)
    found = f"gain in {comparison.metric.name} {gain} on {comparison.evidence}"
    error = (gain.high - gain.value) / NormalDist().inv_cdf(confidence)
    threshold = -max(margin, gain.high - gain.value)
    noticed = NormalDist().cdf((threshold + 2 * margin) / error) if error > 0 else 1.0
    chances = (
        f"An equal model is rejected with a probability of at most {1 - confidence:.0%}, one worse "
        f"by {format_metric(2 * margin)} with {noticed:.0%}."
    )
    if passed:
        return (
            f"It is not demonstrably worse than the champion: {found} (margin {limit}). {chances} "
            "The trial on live labels decides."
        )
    return (
        f"It is worse than the champion: {found}, estimated as worse by more than {limit}, with "
        f"an upper bound below 0. {chances} With an interval of this width, a gain of at least "
        f"{format_metric(threshold)} passes; with more held-out rows the interval is narrower, "
        f"and this limit approaches -{limit}."
    )


@dataclass(frozen=True)
class Slices:
    """On no slice of the rows is the candidate significantly worse than its rival.

    A slice is a value of a category, a boolean or the group. The rival is the champion, or the
    baseline while there is none. The confidence is adjusted for the number of slices (Bonferroni
    correction: Dunn, "Multiple Comparisons Among Means", JASA 56, 1961).

    Attributes:
        min_rows: slices with fewer rows are not compared; by default `gate.slice_rows`.
        margin: how much worse a slice may be, in units of the metric; by default
            `gate.slice_factor` times the margin of `NotWorseThanChampion`.

    Examples:
        >>> Slices(min_rows=20)(comparison).passed
        True
    """

    min_rows: int | None = None
    margin: float | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        gate, rival = comparison.settings, comparison.rival
        margin = gate.slice_factor * comparison.margin if self.margin is None else self.margin
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
        limit, chance = format_metric(margin), 1 - gate.confidence
        texts = [
            f"On {part.name} ({part.rows} rows) it is worse than the {rival} by more than "
            f"{limit}: gain in {comparison.metric.name} {part.gain}."
            for part in failed
        ]
        if failed:
            texts.append(
                f"A model that is not worse fails on any of the {len(compared)} slices with a "
                f"probability of at most {chance:.0%}. A slice passes if its upper bound is at "
                f"least {format_metric(-margin)}."
            )
        elif compared:
            texts = [f"On none of {len(compared)} slices is it worse by more than {limit}."]
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
