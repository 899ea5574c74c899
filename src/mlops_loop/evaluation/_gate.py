"""The gate: whether a model may be published. Every rule has to pass."""

from collections.abc import Callable, Sequence

from .._project_code import describe, naming
from ..errors import GateError, ProjectCodeError
from ._comparison import Comparison
from ._gate_result import GateResult, GateRuleResult
from ._perfect_score import PERFECT, is_perfect
from ._rules import bounds

GateRule = Callable[[Comparison], GateRuleResult]
"""A rule of the gate: a function of the comparison that returns whether and why a model passes.

Examples:
    >>> def fast_enough(comparison: Comparison) -> GateRuleResult:
    ...     milliseconds = comparison.latency * 1000
    ...     return GateRuleResult(milliseconds < 5, f"A row takes {milliseconds:g} ms.")
    >>> fast_enough(comparison).text
    'A row takes 1 ms.'
"""


def apply_rules(comparison: Comparison, rules: Sequence[GateRule]) -> GateResult:
    """Decide whether a model may be published: passed if every rule passed.

    The messages of the result begin with the rules that failed, by name. A score that is perfect
    passes, with a message that doubts it.

    Args:
        comparison: the candidate, the baseline and the champion on the held-out rows.
        rules: the rules, at least one; each is called with the comparison.

    Raises:
        GateError: if there is no rule.
        ProjectCodeError: if a rule of the project raises an exception, or returns something else.

    Examples:
        A rule of your own is a function:

        >>> from mlops_loop.evaluation import BetterThanBaseline, Comparison, GateRuleResult
        >>> def rare_enough(comparison: Comparison) -> GateRuleResult:
        ...     share = float((comparison.candidate[:, 1] > 0.5).mean())
        ...     return GateRuleResult(
        ...         share <= 0.6, f"{share:.0%} of the rows are predicted positive.", {"yes": share}
        ...     )
        >>> apply_rules(comparison, [BetterThanBaseline(), rare_enough]).passed
        True
    """
    if not rules:
        raise GateError("the gate has no rule: see RULES in gate.py")
    metric, score = comparison.metric, comparison.score
    results = [_apply(rule, comparison) for rule in rules]
    failed = [
        f"Rejected by {_name(rule)}: {result.text or 'it gives no reason.'}"
        for rule, result in zip(rules, results, strict=True)
        if not result.passed
    ]
    messages = [
        *failed,
        f"{metric.name} on {len(comparison):,} held-out rows: {score}.",
        f"Note: {PERFECT}." if is_perfect(comparison.labels, comparison.candidate) else "",
        _reuse(comparison.holdout_uses),
        comparison.note,
        *(result.text for result in results if result.passed),
    ]
    return GateResult(
        passed=not failed,
        messages=tuple(filter(None, messages)),
        metrics=bounds("score", score)
        | {"holdout_uses": float(comparison.holdout_uses)}
        | {name: value for result in results for name, value in result.values.items()},
        slices=tuple(compared for result in results for compared in result.slices),
        metric=metric.name,
        hold=comparison.hold,
        same_as=comparison.same_as,
        holdout=comparison.holdout,
        holdout_digest=comparison.holdout_digest,
    )


def _reuse(uses: int) -> str:
    """A warning if a version is one of several on the same held-out rows.

    Dwork et al., "The Reusable Holdout", Science 349 (2015).
    """
    if not uses:
        return ""
    versions = "1 earlier version was" if uses == 1 else f"{uses} earlier versions were"
    return (
        f"Note: {versions} evaluated on these held-out rows, so the best of {uses + 1} looks "
        "better than it is: rely on the trial on live labels, or ingest new rows."
    )


def _apply(rule: GateRule, comparison: Comparison) -> GateRuleResult:
    with naming("gate rule", rule):
        result = rule(comparison)
    if not isinstance(result, GateRuleResult):
        raise ProjectCodeError(
            f"the gate rule {describe(rule)} returned {type(result).__name__}: expected a "
            "GateRuleResult"
        )
    return result


def _name(rule: GateRule) -> str:
    return getattr(rule, "__name__", type(rule).__name__)
