"""The contents of a model card."""

from dataclasses import dataclass

from .._bundle import Manifest
from .._duration import format_duration
from ..contract import Column, Contract
from ..contract._column_definition import Action
from ..evaluation._formatting import format_metric
from ..evaluation._gate_result import GateResult, SliceComparison
from ..evaluation._measured import Bin, Importance, Score

_SLICES = 8
_PROBLEMS = {
    "binary": "decides between two classes",
    "multiclass": "decides between several classes",
    "regression": "estimates a number",
}


@dataclass(frozen=True)
class Card:
    """Purpose, data, metrics and limits of a version, as plain values.

    Attributes:
        metric: name of the deciding metric, also of the importances.
        source: address of the rows that it was trained on.
        rows: number of rows of the snapshot.
        held_out: rows of the holdout, which all metrics are computed on.
        candidates: the leaderboard, a table in Markdown.
        leaderboard_chart: the leaderboard, SVG.
        override: who overrode the gate, when and why; empty if it was not overridden.
    """

    manifest: Manifest
    metric: str
    source: str
    rows: int
    held_out: int
    purpose: str
    limits: tuple[str, ...]
    gate: GateResult
    scores: tuple[Score, ...]
    reliability: tuple[Bin, ...]
    importances: tuple[Importance, ...]
    candidates: str
    leaderboard_chart: str
    override: str = ""

    @property
    def weakest(self) -> tuple[SliceComparison, ...]:
        """The slices with the smallest gain over its rival."""
        return tuple(
            sorted(self.gate.slices, key=lambda comparison: comparison.gain.value)[:_SLICES]
        )


def purpose(contract: Contract) -> str:
    """The purpose of a model, from the contract."""
    target = contract.target
    target_text = (
        f": {target.description[0].lower()}{target.description[1:]}" if target.description else ""
    )
    sentences = [f"It {_PROBLEMS[contract.problem]}, {target.name}{target_text}."]
    if contract.classes:
        sentences.append(f"The classes are {', '.join(str(label) for label in contract.classes)}.")
    horizon = format_duration(contract.label_horizon)
    sentences.append(f"Labels are known within {horizon}; performance cannot be checked earlier.")
    return " ".join(sentences)


def limits(contract: Contract, manifest: Manifest) -> tuple[str, ...]:
    """The limits of a model: threshold, period of training, rejected rows, warnings, its form."""
    sentences = []
    if manifest.threshold is not None:
        sentences.append(
            f"It predicts {manifest.classes[1]} from a probability of "
            f"{format_metric(manifest.threshold)} on."
        )
    if manifest.trained_until:
        sentences.append(f"It was not trained on events after {manifest.trained_until[:16]}.")
    if manifest.form == "skops":
        sentences.append(
            "It has no ONNX form: a service needs the extra native, the version of scikit-learn "
            "that it was trained with, and more time for a row."
        )
    refused = [column.name for column in contract.inputs if _is_bounded(column, "reject")]
    warned = [column.name for column in contract.inputs if _is_bounded(column, "warn")]
    if refused:
        sentences.append(
            f"Rows outside the contract's bounds of {', '.join(refused)} are rejected."
        )
    if warned:
        sentences.append(
            f"Rows with unusual values of {', '.join(warned)} are predicted with a warning: "
            "they were rare in training."
        )
    sentences.append(
        "Its metrics are those of the held-out rows; run `monitor` for the current ones."
    )
    return tuple(sentences)


def _is_bounded(column: Column, on_violation: Action) -> bool:
    """Whether values beyond some bound of the column are rejected, or only warned about."""
    bounds = (column.range, column.categories)
    return any(bound is not None and bound.on_violation == on_violation for bound in bounds)
