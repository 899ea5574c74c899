"""All figures and sentences of a model card, before they are put on a page."""

from dataclasses import dataclass

from ..bundle import Manifest
from ..contract import Column, Contract
from ..contract.model import Action
from ..data.snapshot import Snapshot
from ..duration import format_duration
from ..evaluation.bootstrap import Interval, Resampling
from ..evaluation.gate import Verdict
from ..evaluation.metrics import Floats, metrics_of
from ..evaluation.slices import SliceGain
from ..evaluation.target import Truth
from .calibration import Bin
from .importance import Importance

_SLICES = 8
_PROBLEMS = {
    "binary": "decides between two classes",
    "multiclass": "decides between several classes",
    "regression": "estimates a number",
}


@dataclass(frozen=True)
class Score:
    """One metric on the held-out rows, and which way is up."""

    name: str
    interval: Interval
    better: str


@dataclass(frozen=True)
class Card:
    """What a version is for, what it was made from, how it did, where it ends.

    Attributes:
        candidates: the leaderboard, a table in Markdown.
        picture: the leaderboard, SVG.
    """

    manifest: Manifest
    contract: Contract
    snapshot: Snapshot
    held_out: int
    verdict: Verdict
    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]
    candidates: str
    picture: str

    @property
    def purpose(self) -> list[str]:
        """What it is meant for, in the contract's words."""
        contract, target = self.contract, self.contract.target
        told = (
            f": {target.description[0].lower()}{target.description[1:]}"
            if target.description
            else ""
        )
        said = [f"It {_PROBLEMS[contract.problem]}, {target.name}{told}."]
        if contract.classes:
            said.append(f"The classes are {', '.join(str(one) for one in contract.classes)}.")
        horizon = format_duration(contract.label_horizon)
        said.append(f"Outcomes are known within {horizon}; before that nobody can check it.")
        return said

    @property
    def weakest(self) -> tuple[SliceGain, ...]:
        """The slices on which it gains least over its rival."""
        return tuple(sorted(self.verdict.slices, key=lambda one: one.gain.value)[:_SLICES])

    @property
    def limits(self) -> list[str]:
        """Where it ends: what it has not seen, and what is refused or only warned about."""
        contract, until = self.contract, self.manifest.trained_until
        said = [f"It has seen nothing that happened after {until[:16]}."] if until else []
        refused = [one.name for one in contract.inputs if _is_bounded(one, "refuse")]
        warned = [one.name for one in contract.inputs if _is_bounded(one, "warn")]
        if refused:
            said.append(
                f"Rows outside the contract's bounds of {', '.join(refused)} get no answer."
            )
        if warned:
            said.append(
                f"Rows with unusual values of {', '.join(warned)} get an answer with a warning: "
                "the model has seen few like them."
            )
        said.append(
            "Its figures are those of the held-out rows; how it does now is what `monitor` says."
        )
        return said


def score_all(
    contract: Contract, truth: Truth, predicted: Floats, resampling: Resampling
) -> tuple[Score, ...]:
    """Every metric that fits the problem, with its interval."""
    metrics = metrics_of(contract.problem)
    scorers = [metric.scorer(truth, predicted) for metric in metrics.values()]
    draws = resampling.scores(scorers)
    return tuple(
        Score(
            name,
            resampling.interval(metric.value(truth, predicted), draws[:, at]),
            "higher" if metric.greater_is_better else "lower",
        )
        for at, (name, metric) in enumerate(metrics.items())
    )


def _is_bounded(column: Column, otherwise: Action) -> bool:
    """Whether values beyond some bound of the column are refused, or only warned about."""
    bounds = (column.range, column.categories)
    return any(one is not None and one.otherwise == otherwise for one in bounds)
