"""Cross-validated comparison of the candidates, on rows that the gate never reads."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..encoder import Matrix
from ..evaluation.formatting import format_metric
from ..evaluation.metrics import Floats, Metric
from ..evaluation.target import Labels
from ..models import Candidate, predict_scores
from ..models._fitting import fit
from .size import in_bytes, size_of

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Folds:
    """The training rows as a matrix, and the positions in it of each fold.

    Attributes:
        matrix: shape (rows, features), float32.
        labels: shape (rows,).
        pairs: rows to fit on and rows to score, for each fold.
        classes: number of classes, 0 for a regression.
    """

    matrix: Matrix
    labels: Labels
    pairs: Sequence[tuple[Index, Index]]
    classes: int


@dataclass(frozen=True)
class Row:
    """How one candidate did.

    Attributes:
        scores: the leaderboard's metric on each fold.
        metrics: mean over the folds of every metric that fits the problem.
        fit_seconds: mean time of one fit.
        predict_microseconds: mean time of one row.
        size: mean bytes of the fitted estimator, as Python stores it.
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


@dataclass(frozen=True)
class Leaderboard:
    """All candidates, best first."""

    metric: str
    rows: tuple[Row, ...]

    @property
    def winner(self) -> Row:
        """The best candidate that is more than a baseline."""
        return next(row for row in self.rows if not row.is_baseline)

    @property
    def others(self) -> tuple[str, ...]:
        """The metrics beside the one that decides, proper scores first."""
        return tuple(name for name in self.rows[0].metrics if name != self.metric)

    def table(self, width: int = 80) -> str:
        """Plain text, one line a candidate, with as many of the other metrics as there is room."""
        head = f"   {'candidate':<16} {self.metric:>18} {'fit s':>8} {'µs/row':>8} {'size':>8}"
        others = self.others[: max(width - len(head), 0) // 10]
        lines = [
            f"{'*' if row is self.winner else ' '}{place:>2} {row.candidate:<16}"
            f"{format_metric(row.mean):>9} ± {format_metric(row.std):<6} {row.fit_seconds:>8.2f}"
            f" {row.predict_microseconds:>8.2f} {in_bytes(row.size):>8}"
            + "".join(f" {format_metric(row.metrics[name]):>9}" for name in others)
            for place, row in enumerate(self.rows, start=1)
        ]
        return "\n".join([head + "".join(f" {name:>9}" for name in others), *lines])

    def markdown(self) -> str:
        names = ["", "candidate", self.metric, "spread", *self.others]
        names += ["fit s", "µs a row", "size"]
        lines = [f"|{' | '.join(names)} |", "| --- " * len(names) + "|"]
        for place, row in enumerate(self.rows, start=1):
            cells = [str(place), row.candidate, f"{row.mean:.5f}", f"{row.std:.5f}"]
            cells += [f"{row.metrics[name]:.5f}" for name in self.others]
            cells += [f"{row.fit_seconds:.2f}", f"{row.predict_microseconds:.2f}"]
            lines.append(f"| {' | '.join([*cells, in_bytes(row.size)])} |")
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, object]:
        return {"metric": self.metric, "rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True)
class Outcome:
    """A candidate's row, and what it said of the rows left out of each fold."""

    row: Row
    answers: tuple[Floats, ...]


def rank(metric: Metric, rows: Sequence[Row]) -> Leaderboard:
    """Order rows, best first; of two equals the one that was named first."""
    return Leaderboard(
        metric.name, tuple(sorted(rows, key=lambda row: -metric.direction * row.mean))
    )


def cross_validate(
    candidates: Sequence[Candidate],
    folds: Folds,
    metric: Metric,
    others: Mapping[str, Metric],
    threads: int,
) -> list[Outcome]:
    """Fit every candidate once a fold and score the rows left out; an outcome a candidate.

    Several fits run beside each other, each on one thread: on small tables that beats one fit
    on several, and no thread waits for another by spinning. The largest folds come first, so
    that at the end no thread has a long fit to itself.
    """

    def score(candidate: Candidate, pair: tuple[Index, Index]) -> _Scored:
        with threadpool_limits({"openmp": 1, "blas": 1}):
            return _score(candidate, folds, pair, others)

    with ThreadPoolExecutor(threads) as pool:
        futures = {
            (at, number): pool.submit(score, candidate, folds.pairs[number])
            for number in sorted(range(len(folds.pairs)), key=lambda at: -len(folds.pairs[at][0]))
            for at, candidate in enumerate(candidates)
        }
        scored = [
            [futures[at, number].result() for number in range(len(folds.pairs))]
            for at in range(len(candidates))
        ]
    return [
        Outcome(_row(candidate, metric, fits), tuple(fit.answers for fit in fits))
        for candidate, fits in zip(candidates, scored, strict=True)
    ]


@dataclass(frozen=True)
class _Scored:
    """One fit: what it said of the rows left out, every metric on them, and what it took."""

    answers: Floats
    values: dict[str, float]
    fit_seconds: float
    predict_seconds: float
    rows: int
    size: int


def _score(
    candidate: Candidate, folds: Folds, pair: tuple[Index, Index], metrics: Mapping[str, Metric]
) -> _Scored:
    train, rest = pair
    began = time.perf_counter()
    estimator = fit(candidate, {}, folds.matrix[train], folds.labels[train])
    fitted = time.perf_counter()
    answers = predict_scores(estimator, folds.matrix[rest], folds.classes)
    answered = time.perf_counter()
    values = {name: found.value(folds.labels[rest], answers) for name, found in metrics.items()}
    return _Scored(
        answers, values, fitted - began, answered - fitted, len(rest), size_of(estimator)
    )


def _row(candidate: Candidate, metric: Metric, fits: Sequence[_Scored]) -> Row:
    scores = tuple(fit.values[metric.name] for fit in fits)
    return Row(
        candidate=candidate.name,
        mean=float(np.mean(scores)),
        std=float(np.std(scores)),
        scores=scores,
        metrics={
            name: float(np.mean([fit.values[name] for fit in fits])) for name in fits[0].values
        },
        fit_seconds=float(np.mean([fit.fit_seconds for fit in fits])),
        predict_microseconds=float(np.mean([fit.predict_seconds / fit.rows for fit in fits])) * 1e6,
        size=round(float(np.mean([fit.size for fit in fits]))),
        parameters=dict(candidate.parameters),
        is_baseline=candidate.is_baseline,
    )
