"""What the answers mean together: drift alone is no reason to worry, lost performance is one.

The loop does what `actions` in the settings say; this is the sentence for people beside it.
"""

from .monitoring_report import Answer

_ADVICE: dict[tuple[bool, Answer], str] = {
    (False, "ok"): "nothing to do",
    (False, "unknown"): "nothing to do as far as one can see: performance waits for labels",
    (False, "worse"): "the inputs are as ever and the outcomes no longer follow them: retrain on "
    "rows of the new kind (loop.data: sliding:…), or roll back if it began with this version",
    (True, "ok"): "the inputs moved and the model copes: look at the columns; retraining may wait",
    (True, "unknown"): "the inputs moved and the labels are not in yet: retrain, or wait for them",
    (True, "worse"): "the inputs moved and the model does not cope: retrain",
}


def advise(*, drift: bool, quality: bool, performance: Answer) -> str:
    """One sentence; where data are broken they come first, lest a model be trained on them."""
    advice = _ADVICE[drift, performance]
    if not quality:
        return advice
    return f"mend the data at their source first, and do not train on them; then: {advice}"
