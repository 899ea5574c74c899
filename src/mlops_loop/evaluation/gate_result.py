"""The decision of the gate as one document, which travels whole from training to the loop."""

from dataclasses import dataclass, field

from ..formats import GATE_RESULT
from .interval import Interval


@dataclass(frozen=True)
class SliceComparison:
    """How much better than its rival a model is on one slice, in the metric's better direction.

    Attributes:
        name: of the slice, as `column = value`.
        rows: held-out rows in the slice.
        gain: in units of the metric.
        failed: whether the model is worse by more than the margin allows.
    """

    name: str
    rows: int
    gain: Interval
    failed: bool


@dataclass(frozen=True)
class GateRuleResult:
    """What one rule of the gate says.

    Attributes:
        passed: whether the model may be published as far as this rule goes.
        text: a sentence for people; empty if there is nothing to say.
        values: what the rule compared, by names that no other rule has; logged to MLflow.
        slices: comparisons on parts of the rows, for the model card.
    """

    passed: bool
    text: str
    values: dict[str, float] = field(default_factory=dict)
    slices: tuple[SliceComparison, ...] = ()


@dataclass(frozen=True)
class GateResult:
    """Whether a model may be published, the reasons, and every value that was compared.

    Attributes:
        passed: whether every rule passed.
        messages: what was compared with what, and what each rule says.
        metrics: values by name.
        slices: comparisons on parts of the rows.
        metric: that decided, by name.
        hold: why a version that passed is not promoted automatically; empty if it may be.
        subject: digests of what was decided about: run, model, snapshot, contract, features.

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
    subject: dict[str, str] = field(default_factory=dict)

    def summary(self) -> str:
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
