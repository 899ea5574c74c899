"""Did the inputs drift? Column by column, and for the window as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contract import Contract
from ..contract.evidently_definition import compared_columns, is_number
from ..contract.outputs import PREDICTION
from ..settings import Monitoring as Thresholds
from .findings import Finding
from .pairs import Pair
from .report import Comparison, compare
from .samples import Sample

FEWEST_ROWS = 50


@dataclass(frozen=True)
class Drift:
    """What was compared, and how far apart it is.

    Attributes:
        drifted: whether the share of drifted columns is as large as the settings say.
        scores: distance by column, `prediction` included.
        comparison: Evidently's result; None if nothing could be compared.
    """

    drifted: bool = False
    findings: tuple[Finding, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    comparison: Comparison | None = None


def find_drift(
    contract: Contract, thresholds: Thresholds, *, reference: Sample, window: Sample
) -> Drift:
    """Compare a window with the reference.

    A drift of the prediction is a finding, but does not count in the share: the question is
    whether the inputs moved, and the prediction follows them.
    """
    rows = min(len(window), len(reference))
    if rows < FEWEST_ROWS:
        return Drift(notes=(f"{rows} rows are too few to speak of drift: {FEWEST_ROWS} needed",))
    allowed = thresholds.drift_threshold
    pairs = [
        Pair(name, reference.columns[name], window.columns[name], is_number(spec), allowed)
        for spec in compared_columns(contract)
        if (name := spec.name) in reference.columns
    ]
    empty = [pair.name for pair in pairs if not all(pair.sizes)]
    notes = tuple(f"{name} has no values on one side: left out of drift" for name in empty)
    pairs = [pair for pair in pairs if pair.name not in empty]
    if not pairs:
        return Drift(notes=(*notes, "no column is left to look for drift in"))
    prediction = _prediction(reference, window, allowed)
    if not all(prediction.sizes):
        notes += ("the champion answered none of these rows: its prediction is not compared",)
        return _judged(contract, thresholds, pairs, None, notes)
    return _judged(contract, thresholds, pairs, prediction, notes)


def _prediction(reference: Sample, window: Sample, allowed: float) -> Pair:
    before, numeric = reference.answers()
    return Pair(PREDICTION, before, window.answers()[0], numeric, allowed)


def _judged(
    contract: Contract,
    thresholds: Thresholds,
    pairs: list[Pair],
    prediction: Pair | None,
    notes: tuple[str, ...],
) -> Drift:
    comparison = compare(contract, pairs, prediction, drift_share=thresholds.drift_share)
    scores = comparison.distances
    moved = [pair for pair in pairs if scores[pair.name] >= pair.threshold]
    share = len(moved) / len(pairs)
    drifted = share >= thresholds.drift_share
    findings = [_finding(pair, scores[pair.name]) for pair in moved]
    findings.sort(key=lambda finding: finding.value / finding.threshold, reverse=True)
    if prediction is not None and scores[PREDICTION] >= prediction.threshold:
        findings.append(_finding(prediction, scores[PREDICTION]))
    if drifted:
        limit = thresholds.drift_share
        whole = Finding("drift", None, "drifted_share", share, limit, "critical")
        findings.insert(0, whole)
    return Drift(drifted, tuple(findings), scores, notes, comparison)


def _finding(pair: Pair, score: float) -> Finding:
    return Finding("drift", pair.name, pair.statistic, score, pair.threshold, "warning")
