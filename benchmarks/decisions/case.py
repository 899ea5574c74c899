"""A decision that is simulated, how often it came out as counted, and what is aimed at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import beta

Trial = Callable[[np.random.Generator], bool]


@dataclass(frozen=True)
class Aim:
    """A share of the trials that is aimed at; None where the figure is only stated."""

    kind: Literal["at most", "at least"]
    share: float

    def __str__(self) -> str:
        return f"{self.kind} {self.share:.0%}"


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        decision: what is decided, e.g. "drift alarm, unchanged data".
        setting: the data, e.g. "40 % missing, 30 columns, 2,000 rows".
        trial: one simulation, picklable; whether it came out as counted, e.g. "an alarm".
        trials: how often it is repeated, each time with a generator of its own.
        aim: share that is aimed at; None if the figure is only stated.
        known: why the aim is missed, where that is known and documented.
    """

    decision: str
    setting: str
    trial: Trial
    trials: int
    aim: Aim | None = None
    known: str = ""

    def run(self, seed: np.random.SeedSequence) -> "Outcome":
        generators = map(np.random.default_rng, seed.spawn(self.trials))
        return Outcome(self, sum(self.trial(generator) for generator in generators))


@dataclass(frozen=True)
class Outcome:
    """How many trials came out as counted."""

    case: Case
    hits: int

    @property
    def share(self) -> float:
        return self.hits / self.case.trials

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Clopper & Pearson (Biometrika 26, 1934)."""
        hits, rest = self.hits, self.case.trials - self.hits
        low = beta.ppf(0.025, hits, rest + 1) if hits else 0.0
        high = beta.ppf(0.975, hits + 1, rest) if rest else 1.0
        return float(low), float(high)

    @property
    def is_missed(self) -> bool:
        """Whether the aim is missed beyond chance: the whole interval is on the wrong side."""
        aim, (low, high) = self.case.aim, self.interval
        if aim is None:
            return False
        return low > aim.share if aim.kind == "at most" else high < aim.share

    def row(self) -> str:
        low, high = self.interval
        aim = str(self.case.aim or "stated")
        mark = " **missed**" if self.is_missed else ""
        mark += f": {self.case.known}" if mark and self.case.known else ""
        return (
            f"| {self.case.decision} | {self.case.setting} | {aim} | {self.share:.1%} "
            f"[{low:.0%}, {high:.0%}]{mark} | {self.case.trials} |"
        )
