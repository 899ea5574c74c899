"""What explaining finds, as text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..contract.columns import JsonValue
from ..contract.model import Class


@dataclass(frozen=True)
class Contribution:
    """What one column of a row adds to the prediction."""

    column: str
    value: JsonValue
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """One row's prediction, taken apart: `base` and all contributions add up to `score`.

    Attributes:
        version: of the model.
        prediction: class or number that the model answers.
        output: what is explained, in words.
        base: the mean answer to held-out rows.
        score: the probability, or the number, that is explained.
        contributions: the largest first.
    """

    version: str
    prediction: Class | float
    output: str
    base: float
    score: float
    contributions: tuple[Contribution, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        cells = [(one.column, _shown(one.value), one.contribution) for one in self.contributions]
        rows = [(name, value, f"{added:+.4g}") for name, value, added in cells]
        base, score = f"{self.base:.4g}", f"{self.score:.4g}"
        ends = [("mean", "", base), *rows, ("total", "", score)]
        head = (
            f"version {self.version} predicts {_shown(self.prediction)}; "
            f"{self.output} is the sum of"
        )
        return f"{head}\n{_aligned(ends)}"


@dataclass(frozen=True)
class Importance:
    """How much a model depends on a column; the unit is that of the method, see there."""

    column: str
    importance: float


@dataclass(frozen=True)
class Importances:
    """What a model looks at.

    Attributes:
        version: of the model.
        rows: held-out rows behind the means.
        output: what is moved, in words.
        columns: the most important first.
    """

    version: str
    rows: int
    output: str
    columns: tuple[Importance, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def table(self) -> str:
        head = (
            f"version {self.version}: mean effect of each column on {self.output}, "
            f"over {self.rows} held-out rows"
        )
        rows = [(one.column, f"{one.importance:.4g}") for one in self.columns]
        return f"{head}\n{_aligned(rows)}"


def _shown(value: JsonValue) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """One line a row; texts to the left, the figure at the end to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]) for row in rows
    )
