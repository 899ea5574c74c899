"""How good the model must be on rows it has not seen, when trained on a slice."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Trained


def test_the_model_tells_late_flights_from_punctual_ones(trained: "Trained") -> None:
    assert trained.result.manifest.metrics["roc_auc"] > 0.6


def test_the_model_beats_the_baseline_by_more_than_chance(trained: "Trained") -> None:
    assert trained.result.gate.figures["gain_over_baseline_low"] > 0


def test_predictions_are_as_often_right_as_they_claim(trained: "Trained") -> None:
    metrics = trained.result.manifest.metrics
    assert metrics["brier"] < 0.25 and metrics["log_loss"] < 0.6


def test_the_exported_model_is_the_trained_one(trained: "Trained") -> None:
    parity = trained.result.manifest.parity
    assert parity["difference"] <= parity["tolerance"]
