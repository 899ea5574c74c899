"""What a replay found, in words and as JSON."""

from dataclasses import dataclass
from typing import Any

from .stats import ReplayStats


@dataclass(frozen=True)
class Replayed:
    """What a replay found.

    Attributes:
        url: the service.
        seconds: how long it took.
        labels: how many the service took.
        lost_labels: number of values in the file that are not valid labels.
        waits: how often the service said when to come back.
        unreachable: whether the replay ended early because nothing answered any more.
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
                {"kind": kind, "requests": found.requests, "first": found.first}
                for kind, found in self.stats.failures.items()
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
            f"{found.requests} requests failed: {kind}; {found.first}"
            for kind, found in stats.failures.items()
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
