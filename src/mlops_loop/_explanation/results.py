"""Explanations as text and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..contract._columns import JsonValue
from ..contract._model import Class
from ..evaluation._measured import Importance


@dataclass(frozen=True)
class Contribution:
    """The contribution of one column to the prediction."""

    column: str
    value: JsonValue
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """The explanation of one prediction: `base` and all contributions add up to `score`.

    Attributes:
        version: version of the model.
        prediction: the predicted class or number.
        output: name of the output that is explained.
        base: mean prediction for held-out rows.
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
        cells = [
            (contribution.column, _shown(contribution.value), contribution.contribution)
            for contribution in self.contributions
        ]
        rows = [(name, value, f"{added:+.4g}") for name, value, added in cells]
        base, score = f"{self.base:.4g}", f"{self.score:.4g}"
        ends = [("mean", "", base), *rows, ("total", "", score)]
        head = (
            f"version {self.version} predicts {_shown(self.prediction)}; "
            f"{self.output} is the sum of"
        )
        return f"{head}\n{_aligned(ends)}"


@dataclass(frozen=True)
class Importances:
    """The importances of all columns.

    Attributes:
        version: version of the model.
        rows: number of held-out rows.
        output: name of the output.
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
        rows = [(importance.column, f"{importance.importance:.4g}") for importance in self.columns]
        return f"{head}\n{_aligned(rows)}"


def _shown(value: JsonValue) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    """One line per row; texts left-aligned, the number at the end right-aligned."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join([*map(str.ljust, row[:-1], widths), row[-1].rjust(widths[-1])]) for row in rows
    )
