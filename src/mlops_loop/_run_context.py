"""Who runs the stages, why, and who follows them."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["RunContext"]

# Tag of a run and its version: `RunContext.attempt`.
ATTEMPT_TAG = "attempt"
# Tag of a version: identifies the held-out rows that the gate read.
HOLDOUT_DIGEST_TAG = "holdout_digest"


def _ignore(*progress: object) -> None:
    """Follow nothing."""


@dataclass(frozen=True)
class RunContext:
    """Who runs the stages of a project, why, and who follows them.

    Attributes:
        actor: who runs it, for the audit log and the lineage.
        reason: likewise.
        attempt: names what is attempted, so that a version that came of it can be found again.
        on_stage: called with a message about the current stage.
        on_trial: called with the numbers of finished and of all trials of a candidate.
        seconds: how long each part of the stages took, in the order in which they began.
    """

    actor: str = "user"
    reason: str = ""
    attempt: str = ""
    on_stage: Callable[[str], None] = _ignore
    on_trial: Callable[[int, int], None] = _ignore
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Say that a part of a stage begins, and count its seconds."""
        self.on_stage(name)
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
