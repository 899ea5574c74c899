"""The gate: may this model be published? Every rule must pass."""

from collections.abc import Callable, Sequence

from ..errors import GateError
from .comparison import Comparison
from .gate_result import GateResult, GateRuleResult
from .rules import bounds

GateRule = Callable[[Comparison], GateRuleResult]


def apply_rules(comparison: Comparison, rules: Sequence[GateRule]) -> GateResult:
    """Decide about a model: passed if every rule passed, with all their sentences and values.

    Args:
        comparison: the candidate and its rivals on the held-out rows.
        rules: at least one; each is a callable that takes the comparison.

    Raises:
        GateError: if there is no rule: a gate without one lets everything pass.

    Example:
        A rule of one's own is a function:

        >>> def rare_enough(comparison: Comparison) -> GateRuleResult:
        ...     share = float((comparison.candidate[:, 1] > 0.5).mean())
        ...     return GateRuleResult(
        ...         share <= 0.6, f"It predicts yes for {share:.0%} of the rows.", {"yes": share}
        ...     )
        >>> apply_rules(comparison, [BetterThanBaseline(), rare_enough]).passed
        True
    """
    if not rules:
        raise GateError("the gate has no rule: see RULES in gate.py")
    metric, score = comparison.metric, comparison.score
    messages = [f"{metric.name} on {len(comparison)} held-out rows is {score}.", comparison.note]
    results = [rule(comparison) for rule in rules]
    return GateResult(
        passed=all(result.passed for result in results),
        messages=tuple(filter(None, [*messages, *(result.text for result in results)])),
        metrics=bounds("score", score) | {k: v for one in results for k, v in one.values.items()},
        slices=tuple(compared for result in results for compared in result.slices),
        metric=metric.name,
        hold=comparison.hold,
    )
