"""Advice from the statuses together: drift without loss of performance is not a problem.

The loop follows `actions` in the settings; this sentence is for users.
"""

from ._monitoring_report import Answer

_ADVICE: dict[tuple[bool, Answer], str] = {
    (False, "ok"): "nothing to do",
    (False, "unknown"): "nothing to do so far: performance is unknown without labels",
    (False, "worse"): "the inputs are unchanged, but not their relation to the labels: retrain on "
    "recent rows (loop.training_window: sliding:…), or roll back if it began with this version",
    (True, "ok"): "the inputs drifted, but performance holds: check them; retraining may wait",
    (True, "unknown"): "the inputs drifted and labels are missing: retrain, or wait for labels",
    (True, "worse"): "the inputs drifted and performance is worse: retrain",
}


def advise(*, drift: bool, quality: bool, performance: Answer) -> str:
    """One sentence; bad data come first, so that no model is trained on them."""
    advice = _ADVICE[drift, performance]
    if not quality:
        return advice
    return f"fix the data at the source first, and do not train on them; then: {advice}"
