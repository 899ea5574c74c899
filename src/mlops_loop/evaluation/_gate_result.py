"""The decision of the gate, stored as one JSON document."""

from dataclasses import dataclass, field

from .._formats import GATE_RESULT
from ._interval import Interval


@dataclass(frozen=True)
class SliceComparison:
    """A model compared with its rival on one slice of the held-out rows.

    Attributes:
        name: name of the slice, `column = value`.
        rows: number of held-out rows in the slice.
        gain: how much better the model is, in units of the metric; negative if it is worse.
        failed: whether it is significantly worse by more than the margin.

    Examples:
        >>> part = SliceComparison("carrier = AA", 250, Interval(-0.02, -0.03, -0.01), failed=True)
        >>> part.gain.high
        -0.01
    """

    name: str
    rows: int
    gain: Interval
    failed: bool


@dataclass(frozen=True)
class GateRuleResult:
    """The result of one rule of the gate.

    Attributes:
        passed: whether the model passes the rule.
        text: one sentence that says why; may be empty.
        values: the values compared, by names that no other rule uses; logged to MLflow.
        slices: comparisons on slices of the rows, for the model card.

    Examples:
        >>> GateRuleResult(False, "12 ms per row (limit 10 ms).", {"latency": 0.012}).passed
        False
    """

    passed: bool
    text: str
    values: dict[str, float] = field(default_factory=dict)
    slices: tuple[SliceComparison, ...] = ()


@dataclass(frozen=True)
class GateResult:
    """The decision of the gate: whether a model may be published, and why.

    Attributes:
        passed: whether every rule passed.
        messages: the score, and the sentence of each rule.
        metrics: the values compared, by name.
        slices: comparisons on slices of the rows.
        metric: name of the metric that decided.
        hold: why a version that passed is not promoted automatically; empty if it may be.
        same_as: the champion that the model is identical to; empty if it is not.
        holdout: the held-out rows in words, e.g. `1,122 rows, 2013-02-14 to 2013-02-28`.
        holdout_digest: identifies these rows; scores on other rows cannot be compared.
        subject: digests of run, model, snapshot, contract and features.

    Examples:
        >>> result = GateResult(True, ("It beats the baseline.",), {"score": 0.25})
        >>> GateResult.from_json(result.to_json()) == result
        True
    """

    passed: bool
    messages: tuple[str, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    slices: tuple[SliceComparison, ...] = ()
    metric: str = ""
    hold: str = ""
    same_as: str = ""
    holdout: str = ""
    holdout_digest: str = ""
    subject: dict[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """All messages as one text."""
        return " ".join(self.messages)

    def to_json(self) -> str:
        """A JSON object with the attributes as keys."""
        return GATE_RESULT.encode(self, indent=1).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "GateResult":
        """The result that `to_json` wrote.

        Raises:
            RegistryError: if the format is not known, or the document is damaged.
        """
        return GATE_RESULT.decode(text, cls, "gate.json")
