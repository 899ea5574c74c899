"""What a replay found, in words and as JSON."""

from dataclasses import dataclass
from typing import Any

from .tally import Tally


@dataclass(frozen=True)
class Replayed:
    """What a replay found.

    Attributes:
        url: the service.
        seconds: how long it took.
        labels: how many the service took.
        lost_labels: outcomes in the file that are none.
        waits: how often the service said when to come back.
        gone: whether the replay ended early because nothing answered any more.
    """

    url: str
    seconds: float
    tally: Tally
    labels: int
    lost_labels: int
    waits: int
    gone: bool

    @property
    def passed(self) -> bool:
        return not self.tally.failures and not self.lost_labels

    def to_json(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "rows": self.tally.rows,
            "answered": self.tally.answered,
            "seconds": self.seconds,
            "latency": self.tally.latency(),
            "versions": dict(self.tally.versions),
            "labels": {"told": self.labels, "unreadable": self.lost_labels},
            "waits": self.waits,
            "gone": self.gone,
            "errors": [
                {"kind": kind, "requests": found.requests, "first": found.first}
                for kind, found in self.tally.failures.items()
            ],
        }

    def sentences(self) -> list[str]:
        tally = self.tally
        latency = [f"{name} {value * 1e3:.1f} ms" for name, value in tally.latency().items()]
        said = {
            f"latency: {', '.join(latency)}": latency,
            f"{self.labels} labels told": self.labels,
            f"{self.lost_labels} outcomes are no labels, and were not told": self.lost_labels,
            f"the service asked {self.waits} times to come back later": self.waits,
        }
        failed = [
            f"{found.requests} requests failed: {kind}; {found.first}"
            for kind, found in tally.failures.items()
        ]
        ended = ["stopped early: nothing answers any more"] * self.gone
        return [self._summary(), *(line for line, true in said.items() if true), *failed, *ended]

    def _summary(self) -> str:
        tally = self.tally
        rate = tally.rows / max(self.seconds, 1e-9)
        answered = [f"{rows} by version {name}" for name, rows in tally.versions.items()]
        return (
            f"{tally.rows} rows in {self.seconds:.1f} s, {rate:.0f} a second; "
            f"answered: {', '.join(answered) or 'none'}"
        )
