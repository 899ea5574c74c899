"""The parts of the simulation, by name."""

from collections.abc import Mapping, Sequence

from . import drift, drift_power, early_warning, gate, labels, performance, thresholds, trial
from .case import Case

CASES: Mapping[str, Sequence[Case]] = {
    "drift": (*drift.CASES, *drift_power.CASES),
    "performance": performance.CASES,
    "labels": labels.CASES,
    "early_warning": early_warning.CASES,
    "gate": gate.CASES,
    "trial": trial.CASES,
    "thresholds": thresholds.CASES,
}
