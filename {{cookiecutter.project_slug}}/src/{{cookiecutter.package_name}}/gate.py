"""The gate: rules that a new version has to pass before it may serve. All of them must pass.

A rule is a callable that takes the comparison of the new model with the baseline and the champion
on the held-out rows, and says in a sentence of its own why it passed or not:

    def no_more_alarms(comparison: Comparison) -> GateRuleResult:
        share = float((comparison.candidate[:, 1] > 0.5).mean())
        return GateRuleResult(share < 0.4, f"It predicts {share:.0%} late.", {"late": share})

MLflow gets the values of a result with the prefix `gate_`, e.g. `gate_late`. Thresholds are those
of the section `gate` in config/project.yaml, unless given here.
"""

from mlops_loop.evaluation import (
    BetterThanBaseline,
    GateRule,
    MaxLatency,
    MaxSize,
    NotWorseThanChampion,
    Slices,
)

RULES: list[GateRule] = [
    BetterThanBaseline(),
    NotWorseThanChampion(),
    Slices(),
    MaxSize(),
    MaxLatency(),
]
