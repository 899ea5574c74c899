"""The decision of the gate as one document, which travels whole from training to the loop."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

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
class GateResult:
    """Whether a model may be published, the reasons, and every value that was compared.

    Examples:
        >>> result = GateResult(True, ("It beats the baseline.",), {"score": 0.25})
        >>> GateResult.from_json(result.to_json()) == result
        True
    """

    passed: bool
    messages: tuple[str, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    slices: tuple[SliceComparison, ...] = ()

    def summary(self) -> str:
        return " ".join(self.messages)

    def to_json(self) -> str:
        """A JSON object with the attributes as keys."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode()

    @classmethod
    def from_json(cls, text: str) -> "GateResult":
        """The result that `to_json` wrote.

        Raises:
            msgspec.ValidationError: naming what does not fit.
        """
        return msgspec.json.decode(text, type=cls)


def combine(results: Sequence[GateResult]) -> GateResult:
    """One result: passed if all passed, with all sentences, values and slices."""
    return GateResult(
        passed=all(result.passed for result in results),
        messages=tuple(summary for result in results for summary in result.messages),
        metrics={name: value for result in results for name, value in result.metrics.items()},
        slices=tuple(comparison for result in results for comparison in result.slices),
    )
