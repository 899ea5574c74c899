"""Result of a replay, as messages and as JSON."""

from dataclasses import dataclass
from typing import Any

from .stats import ReplayStats


@dataclass(frozen=True)
class Replayed:
    """Result of a replay.

    Attributes:
        url: URL of the service.
        seconds: duration.
        labels: number of labels that the service accepted.
        lost_labels: number of values in the file that are not valid labels.
        waits: number of retries that the service asked for.
        unreachable: whether the replay ended early because the service was unavailable.
    """

    url: str
    seconds: float
    stats: ReplayStats
    labels: int
    lost_labels: int
    waits: int
    unreachable: bool

    @property
    def passed(self) -> bool:
        return not self.stats.failures and not self.lost_labels

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "rows": self.stats.rows,
            "answered": self.stats.answered,
            "seconds": self.seconds,
            "latency": self.stats.latency(),
            "versions": dict(self.stats.versions),
            "labels": {"sent": self.labels, "unreadable": self.lost_labels},
            "waits": self.waits,
            "unreachable": self.unreachable,
            "errors": [
                {"kind": kind, "requests": failures.requests, "first": failures.first}
                for kind, failures in self.stats.failures.items()
            ],
        }

    def messages(self) -> list[str]:
        stats = self.stats
        latency = [f"{name} {value * 1e3:.1f} ms" for name, value in stats.latency().items()]
        lines = {
            f"latency: {', '.join(latency)}": latency,
            f"{self.labels} labels sent": self.labels,
            f"{self.lost_labels} labels are invalid and were not sent": self.lost_labels,
            f"the service was busy {self.waits} times (Retry-After)": self.waits,
        }
        failed = [
            f"{failures.requests} requests failed: {kind}; {failures.first}"
            for kind, failures in stats.failures.items()
        ]
        ended = ["stopped early: the service is unavailable"] * self.unreachable
        return [
            self._summary(),
            *(line for line, applies in lines.items() if applies),
            *failed,
            *ended,
        ]

    def _summary(self) -> str:
        stats = self.stats
        rate = stats.rows / max(self.seconds, 1e-9)
        answered = [f"{rows} by version {name}" for name, rows in stats.versions.items()]
        return (
            f"{stats.rows} rows in {self.seconds:.1f} s, {rate:.0f} per second; "
            f"predicted: {', '.join(answered) or 'none'}"
        )
