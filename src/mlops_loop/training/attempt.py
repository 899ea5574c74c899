"""A version finds its way back to the attempt it came from, and to what the gate said of it."""

from collections.abc import Mapping

from ..evaluation.gate import Verdict
from ..registry import Registry, Version
from ..registry.mlflow_registry import PASSED, VERDICT_TAG

ATTEMPT_TAG = "attempt"
SENTENCE_TAG = "gate.sentence"
_FIGURE = "gate."


def verdict_tags(verdict: Verdict) -> dict[str, str]:
    """The gate's figures and its sentence as tags of a version."""
    figures = {f"{_FIGURE}{name}": f"{value:.6g}" for name, value in verdict.figures.items()}
    return {**figures, SENTENCE_TAG: verdict.sentence()}


def registered(registry: Registry, attempt: str) -> tuple[Version, Verdict] | None:
    """The complete version that came of an attempt, and the gate's verdict; None without one."""
    for version in registry.versions():
        if version.tags.get(ATTEMPT_TAG) == attempt:
            return version, _verdict(version.tags)
    return None


def _verdict(tags: Mapping[str, str]) -> Verdict:
    figures = {
        name.removeprefix(_FIGURE): float(value)
        for name, value in tags.items()
        if name.startswith(_FIGURE) and name != SENTENCE_TAG
    }
    return Verdict(tags.get(VERDICT_TAG) == PASSED, (tags.get(SENTENCE_TAG, ""),), figures)
