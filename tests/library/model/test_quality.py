"""What must hold of the project's own model when it was trained, as good or bad as it may be."""

import math

from .conftest import Own


def test_every_figure_is_a_number(own: Own) -> None:
    assert own.bundle.manifest.metrics
    assert all(math.isfinite(value) for value in own.bundle.manifest.metrics.values())


def test_the_gate_passes_only_what_surely_beats_the_baseline(own: Own) -> None:
    gate = own.result.gate
    assert gate.passed == (gate.metrics["gain_over_baseline_low"] > 0)
    assert (own.project.published().champion == own.result.version.version) == gate.passed


def test_the_exported_model_is_the_trained_one(own: Own) -> None:
    parity = own.bundle.manifest.parity
    assert parity["difference"] <= parity["tolerance"]
