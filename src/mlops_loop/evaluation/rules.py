"""The rules of the gate that the library brings. A project lists those it wants in `gate.py`."""

from dataclasses import dataclass
from datetime import timedelta

from .comparison import Comparison
from .gate_result import GateRuleResult
from .interval import Interval
from .slices import compare_slices, find_slices

__all__ = ["BetterThanBaseline", "MaxLatency", "MaxSize", "NotWorseThanChampion", "Slices"]


@dataclass(frozen=True)
class BetterThanBaseline:
    """The lower bound of the gain over the baseline is above zero.

    Rows that are few or say little make this rule fail.
    """

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        gain = comparison.gain_over("baseline")
        passed = gain.low > 0
        return GateRuleResult(
            passed,
            f"It {'beats' if passed else 'does not surely beat'} the baseline: better by {gain}.",
            {"baseline": comparison.score_of("baseline")} | bounds("gain_over_baseline", gain),
        )


@dataclass(frozen=True)
class NotWorseThanChampion:
    """The candidate is not worse than the champion by more than a margin (non-inferiority).

    Without a champion to compare with it passes.

    Attributes:
        margin: in units of the metric, by default `gate.margin`.
    """

    margin: float | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        if comparison.champion is None:
            return GateRuleResult(True, "")
        margin = comparison.settings.margin if self.margin is None else self.margin
        gain = comparison.gain_over("champion")
        passed = gain.low >= -margin
        values = {"champion": comparison.score_of("champion"), "margin": margin}
        return GateRuleResult(
            passed,
            f"It is {'at most' if passed else 'perhaps more than'} {margin:g} worse than the "
            f"champion: better by {gain}.",
            values | bounds("gain_over_champion", gain),
        )


@dataclass(frozen=True)
class Slices:
    """On no category, boolean or group is the candidate surely worse than its rival.

    Its rival is the champion, or the baseline while there is none. The bounds are widened for the
    number of slices (Bonferroni).

    Attributes:
        min_rows: of a slice, by default `gate.slice_rows`.
        margin: by how much worse a slice may be, in units of the metric; by default
            `gate.slice_factor` times `gate.margin`.
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
        failed = [one for one in compared if one.failed]
        texts = [
            f"On {one.name} ({one.rows} rows) it is surely more than {margin:g} worse than the "
            f"{rival}: better by {one.gain}."
            for one in failed
        ]
        if compared and not failed:
            texts = [f"On none of {len(compared)} slices is it surely more than {margin:g} worse."]
        values = {"slices": float(len(compared)), "slices_failed": float(len(failed))}
        return GateRuleResult(not failed, " ".join(texts), values, compared)


@dataclass(frozen=True)
class MaxSize:
    """The exported model is not too large to ship.

    Attributes:
        limit: in bytes, by default `gate.max_size`.
    """

    limit: int | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        limit = comparison.settings.max_size if self.limit is None else self.limit
        passed, size = comparison.size <= limit, comparison.size
        text = "" if passed else f"It takes {size:,} bytes (limit of gate.max_size {limit:,})."
        return GateRuleResult(passed, text, {"size": float(size)})


@dataclass(frozen=True)
class MaxLatency:
    """Predicting one row does not take too long.

    Attributes:
        limit: by default `gate.max_latency`.
    """

    limit: timedelta | None = None

    def __call__(self, comparison: Comparison) -> GateRuleResult:
        limit = comparison.settings.max_latency if self.limit is None else self.limit
        seconds, latency = limit.total_seconds(), comparison.latency
        passed = latency <= seconds
        text = (
            f"It takes {latency * 1e3:.2f} ms a row (limit of gate.max_latency {seconds * 1e3:g} "
            "ms)."
        )
        return GateRuleResult(passed, "" if passed else text, {"latency": latency})


def bounds(name: str, interval: Interval) -> dict[str, float]:
    """A value and its confidence bounds, as they stand in MLflow."""
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
