"""From the winner to a verdict: exported, compared with its native form, put to the gate."""

from dataclasses import dataclass

import numpy as np

from ..bundle import CONTRACT, ENCODER, MODEL, REFERENCE
from ..contract import Contract
from ..contract.columns import take
from ..encoder import Encoder
from ..evaluation.bootstrap import Resampling, clusters
from ..evaluation.gate import (
    HoldoutPredictions,
    Limits,
    check_costs,
    compare_models,
    compare_slices_of_models,
)
from ..evaluation.gate_result import GateResult, combine
from ..evaluation.interval import Interval
from ..evaluation.metrics import Floats, Metric, metrics_of
from ..evaluation.slices import find_slices
from ..feature_set import FeatureSet
from ..models import predict_scores
from ..predictor import OnnxSession, decide
from ..publication import BundleStore
from ..settings import Settings
from .champion import compare_with_champion
from .export import Parity, check_parity, export, one_row_seconds
from .onnx_postprocessing import append_postprocessing
from .preparation import Holdout
from .reference import reference_file
from .selection import Selection


@dataclass(frozen=True)
class Exported:
    """The model's exported form.

    Attributes:
        parity: how near it is to the native one.
        predict_scores: what it says of the holdout.
        latency: seconds that it takes to predict one row.
    """

    model: bytes
    parity: Parity
    predicted: Floats
    latency: float


@dataclass(frozen=True)
class EvaluatedModel:
    """A judged model with all that its bundle needs."""

    exported: Exported
    gate_result: GateResult
    metrics: dict[str, float]
    encoder: Encoder
    holdout: Holdout
    threshold: float | None

    @property
    def parity(self) -> Parity:
        return self.exported.parity

    @property
    def score(self) -> Interval:
        """The deciding metric on the held-out rows."""
        names = ("score", "score_low", "score_high")
        return Interval(*(self.gate_result.metrics[name] for name in names))

    @property
    def prediction_deciles(self) -> tuple[float, ...]:
        """The nine numbers between tenths of the predictions; none for classes."""
        predict_scores = self.exported.predicted
        if predict_scores.ndim > 1:
            return ()
        return tuple(np.quantile(predict_scores, np.arange(1, 10) / 10).tolist())

    def files(self, contract: Contract) -> dict[str, bytes]:
        """Content of the bundle's files by name."""
        answers = decide(self.exported.predicted, contract.classes, self.threshold)
        return {
            MODEL: self.exported.model,
            ENCODER: self.encoder.to_json().encode(),
            CONTRACT: contract.text.encode(),
            REFERENCE: reference_file(contract, self.holdout.columns, answers),
        }


@dataclass(frozen=True)
class HoldoutEvaluation:
    """The held-out rows and how to judge on them."""

    settings: Settings
    contract: Contract
    metric: Metric
    encoder: Encoder
    holdout: Holdout

    def export(self, selection: Selection) -> Exported:
        """The winner as ONNX, with its answers to the held-out rows.

        Raises:
            ExportError: if it has no ONNX form, or one that answers differently.
        """
        matrix = self.holdout.matrix
        classes = len(self.contract.classes)
        model = export(selection.candidate, selection.winner, matrix.shape[1])
        if classes:
            seen = selection.winner.classes_.astype(int).tolist()
            model = append_postprocessing(model, seen, classes, selection.calibration)
        native = selection.calibrated()
        parity = check_parity(model, native, matrix, self.encoder, classes=classes)
        session = OnnxSession(model, threads=self.settings.training.threads)
        scores = session.run(matrix)
        latency = one_row_seconds(session, matrix)
        return Exported(model, parity, scores if classes else scores.reshape(-1), latency)

    def evaluate(
        self,
        exported: Exported,
        selection: Selection,
        *,
        store: BundleStore,
        champion: str | None,
        features: FeatureSet,
    ) -> EvaluatedModel:
        """Put the exported form, and no other, to the gate."""
        held, classes = self.holdout, len(self.contract.classes)
        against = compare_with_champion(
            store,
            champion,
            features,
            self.contract,
            held.columns,
            threads=self.settings.training.threads,
        )
        rows = against.rows
        predictions = HoldoutPredictions(
            labels=held.labels[rows],
            candidate=exported.predicted[rows],
            baseline=predict_scores(selection.baseline, held.matrix[rows], classes),
            champion=against.predicted,
            note=against.note,
        )
        gate, columns = self.settings.gate, take(held.columns, rows)
        resampling = Resampling(
            clusters=clusters(self.contract, columns),
            resamples=gate.resamples,
            confidence=gate.confidence,
            seed=self.settings.seed,
        )
        metrics = {
            name: metric.value(held.labels, exported.predicted)
            for name, metric in metrics_of(self.contract.problem).items()
        }
        slices = find_slices(self.contract, columns, gate.slice_rows)
        slice_margin = gate.slice_factor * gate.margin
        limits = Limits(gate.max_size, gate.max_latency.total_seconds())
        gate_result = combine(
            [
                compare_models(predictions, self.metric, resampling, gate.margin),
                compare_slices_of_models(
                    predictions, self.metric, resampling, slices, slice_margin
                ),
                check_costs(len(exported.model), exported.latency, limits),
            ]
        )
        return EvaluatedModel(
            exported, gate_result, metrics, self.encoder, held, selection.threshold
        )
