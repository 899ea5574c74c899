"""Statistics of the requests of a replay: latencies and errors."""

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .client import CallError

PERCENTILES = (50, 90, 99)


@dataclass
class Failures:
    """Requests that failed in the same way."""

    requests: int
    first: str


@dataclass
class ReplayStats:
    """Counts of a replay, updated with each response.

    Attributes:
        seconds: latency of each response.
        rows: number of rows sent.
        versions: number of predictions by version.
        failures: failures by kind.
        lost: consecutive requests without a response.
    """

    seconds: "array[float]" = field(default_factory=lambda: array("d"))
    rows: int = 0
    versions: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Failures] = field(default_factory=dict)
    lost: int = 0

    @property
    def answered(self) -> int:
        return self.versions.total()

    def answer(self, answers: list[dict[str, Any]]) -> None:
        self.lost = 0
        self.versions.update(answer["model_version"] for answer in answers)

    def fail(self, error: CallError, where: Callable[[], str]) -> None:
        """Count a failure; `where` names the request, and is called for the first of a kind."""
        self.lost = self.lost + 1 if error.lost else 0
        if error.kind not in self.failures:
            self.failures[error.kind] = Failures(0, f"{where()}: {error}")
        self.failures[error.kind].requests += 1

    def latency(self) -> dict[str, float]:
        """Percentiles of the latency, by name; empty without a response."""
        if not self.seconds:
            return {}
        percentiles = np.percentile(np.frombuffer(self.seconds), PERCENTILES)
        return {
            f"p{name}": float(value) for name, value in zip(PERCENTILES, percentiles, strict=True)
        }
