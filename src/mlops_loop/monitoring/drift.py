"""Did the inputs drift? Column by column, and for the window as a whole."""

from collections.abc import Callable, Mapping
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
# Share of windows without a drift in which chance alone may make any column drift.
BY_CHANCE = 0.05

_DISTANCES = {
    "wasserstein": "Wasserstein distance",
    "jensen_shannon": "Jensen-Shannon distance",
}

Compare = Callable[..., Comparison]


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
    contract: Contract,
    thresholds: Thresholds,
    *,
    reference: Sample,
    window: Sample,
    compare: Compare = compare,
) -> Drift:
    """Compare a window with the reference; `compare` measures, as `report.compare` does.

    A drift of the prediction is a finding, but does not count in the share: the question is
    whether the inputs moved, and the prediction follows them.
    """
    rows = min(len(window), len(reference))
    if rows < FEWEST_ROWS:
        return Drift(notes=(f"{rows} rows are too few to speak of drift: {FEWEST_ROWS} needed",))
    allowed = thresholds.drift_threshold
    before, now = reference.columns, window.columns
    specs = [spec for spec in compared_columns(contract) if spec.name in before]
    rarely = BY_CHANCE / (len(specs) + 1)
    pairs = [
        Pair(one.name, before[one.name], now[one.name], is_number(one), allowed, rarely)
        for one in specs
    ]
    empty = [pair.name for pair in pairs if not all(pair.sizes)]
    notes = tuple(f"{name} has no values on one side: left out of drift" for name in empty)
    pairs = [pair for pair in pairs if pair.name not in empty]
    if not pairs:
        return Drift(notes=(*notes, "no column is left to look for drift in"))
    answered = _prediction(reference, window, allowed, rarely)
    prediction = answered if all(answered.sizes) else None
    if prediction is None:
        notes += ("the champion answered none of these rows: its prediction is not compared",)
    everything = [*pairs, *([] if prediction is None else [prediction])]
    comparison = compare(contract, pairs, prediction, drift_share=thresholds.drift_share)
    return _judged(thresholds, everything, comparison, notes)


def _prediction(reference: Sample, window: Sample, allowed: float, rarely: float) -> Pair:
    before, numeric = reference.answers()
    return Pair(PREDICTION, before, window.answers()[0], numeric, allowed, rarely)


def _judged(
    thresholds: Thresholds, pairs: list[Pair], comparison: Comparison, notes: tuple[str, ...]
) -> Drift:
    scores = comparison.distances
    inputs = [pair for pair in pairs if pair.name != PREDICTION]
    moved = [pair for pair in inputs if scores[pair.name] >= pair.threshold]
    share = len(moved) / len(inputs)
    drifted = share >= thresholds.drift_share
    moved.sort(key=lambda pair: scores[pair.name] / pair.threshold, reverse=True)
    findings = [_finding(pair, scores[pair.name]) for pair in moved]
    findings += [
        _finding(pair, scores[PREDICTION])
        for pair in pairs
        if pair.name == PREDICTION and scores[PREDICTION] >= pair.threshold
    ]
    if drifted:
        limit = thresholds.drift_share
        text = f"{share:.0%} of the columns drifted (limit {limit:.0%})"
        whole = Finding("drift", text, "critical", None, "drifted_share", share, limit)
        findings.insert(0, whole)
    return Drift(drifted, tuple(findings), scores, notes, comparison)


def _finding(pair: Pair, score: float) -> Finding:
    unit = " standard deviations" if pair.numeric else ""
    text = (
        f"{pair.name} drifted: {_DISTANCES[pair.statistic]} {score:.3f}{unit} "
        f"(threshold {pair.threshold:.3f})"
    )
    return Finding("drift", text, "warning", pair.name, pair.statistic, score, pair.threshold)
