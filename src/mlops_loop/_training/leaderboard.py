"""The leaderboard: results of the cross-validation, best candidate first."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from .._formats import LEADERBOARD
from .._model_file import Form
from ..contract._columns import Floats
from ..data._split import Fold
from ..errors import TrainingError
from ..evaluation._formatting import format_metric
from .size import in_bytes

if TYPE_CHECKING:
    from ..models import Candidate


@dataclass(frozen=True)
class Row:
    """The results of one candidate.

    Attributes:
        scores: the leaderboard's metric on each fold.
        metrics: mean over the folds of every metric that fits the problem.
        fit_seconds: mean time of one fit.
        predict_microseconds: mean time of one row.
        size: mean bytes of the fitted estimator, as Python stores it.
        parameters: parameters that override the candidate's defaults.
        ineligible: why the candidate cannot win although it is compared; empty if it can.
        form: the form in which it would be served.
        obstacle: why it has no ONNX form; empty if it has one.
        remarks: what to know about the result, e.g. that a sample of the rows was used.
    """

    candidate: str
    mean: float
    std: float
    scores: tuple[float, ...]
    metrics: dict[str, float]
    fit_seconds: float
    predict_microseconds: float
    size: int
    parameters: dict[str, object]
    is_baseline: bool = False
    ineligible: str = ""
    form: Form = "onnx"
    obstacle: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """That it cannot win, or is served without ONNX, and why; and the remarks."""
        notes = [f"{self.candidate}: {remark}" for remark in self.remarks]
        if self.ineligible:
            return [f"{self.candidate} cannot win: {self.ineligible}", *notes]
        if self.obstacle:
            return [f"{self.candidate} is served without ONNX: {self.obstacle}", *notes]
        return notes


@dataclass(frozen=True)
class Entry:
    """A candidate, and its scores of the rows left out of each fold."""

    candidate: "Candidate"
    scores: tuple[Floats, ...]


class _Stored(Struct, frozen=True):
    metric: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Leaderboard:
    """All candidates, best first.

    Attributes:
        metric: name of the deciding metric.
        rows: results of the candidates.
        entries: the candidates themselves, in the order of `rows`.
        folds: the folds that they were compared on.
    """

    metric: str
    rows: tuple[Row, ...]
    entries: tuple[Entry, ...] = field(default=(), repr=False, compare=False)
    folds: tuple[Fold, ...] = field(default=(), repr=False, compare=False)

    @property
    def winner(self) -> Row:
        """The best candidate that is more than a baseline, and can be exported.

        Raises:
            TrainingError: if there is none.
        """
        for row in self.rows:
            if not row.is_baseline and not row.ineligible:
                return row
        reasons = "; ".join(f"{row.candidate}: {row.ineligible}" for row in self.rows[:5])
        raise TrainingError(f"no candidate can win ({reasons}): see models.py")

    @property
    def others(self) -> tuple[str, ...]:
        """The metrics beside the one that decides, proper scores first."""
        return tuple(name for name in self.rows[0].metrics if name != self.metric)

    def table(self, width: int = 80) -> str:
        """Plain text, one line per candidate, with as many of the other metrics as there is room.

        The winner has a star; candidates without an ONNX form, and remarks, have a line below the
        table.
        """
        head = f"   {'candidate':<16} {self.metric:>21} {'fit s':>8} {'µs/row':>8} {'size':>8}"
        wide = max([9, *(len(name) for name in self.others)])
        others = self.others[: max(width - len(head), 0) // (wide + 1)]
        winner = self.winner
        lines = [
            f"{'*' if row is winner else ' '}{rank:>2} {row.candidate:<16}"
            f"{format_metric(row.mean):>9} ± {format_metric(row.std):<9} {row.fit_seconds:>8.2f}"
            f" {row.predict_microseconds:>8.2f} {in_bytes(row.size):>8}"
            + "".join(f" {format_metric(row.metrics[name]):>{wide}}" for name in others)
            for rank, row in enumerate(self.rows, start=1)
        ]
        notes = [f"   {note}" for row in self.rows for note in row.notes]
        return "\n".join([head + "".join(f" {name:>{wide}}" for name in others), *lines, *notes])

    def markdown(self) -> str:
        names = ["", "candidate", self.metric, "spread", *self.others]
        names += ["fit s", "µs a row", "size"]
        lines = [f"|{' | '.join(names)} |", "| --- " * len(names) + "|"]
        for rank, row in enumerate(self.rows, start=1):
            cells = [str(rank), row.candidate, f"{row.mean:.5g}", f"{row.std:.5g}"]
            cells += [f"{row.metrics[name]:.5g}" for name in self.others]
            cells += [f"{row.fit_seconds:.2f}", f"{row.predict_microseconds:.2f}"]
            lines.append(f"| {' | '.join([*cells, in_bytes(row.size)])} |")
        notes = [f"\n{note}." for row in self.rows for note in row.notes]
        return "\n".join([*lines, *notes]) + "\n"

    def to_json(self) -> str:
        """A JSON object with `metric` and `rows`."""
        return LEADERBOARD.encode(_Stored(self.metric, self.rows), indent=1).decode()

    @classmethod
    def from_json(cls, text: str) -> "Leaderboard":
        """What `to_json` wrote; the candidates themselves are not in it.

        Raises:
            RegistryError: if the format is not known, or the document is damaged.
        """
        stored = LEADERBOARD.decode(text, _Stored, "leaderboard.json")
        return cls(stored.metric, stored.rows)
