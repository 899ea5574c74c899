"""Tables in memory: a reference of some days, and a window of 30 days that come later."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from mlops_loop.contract import Columns, Contract
from mlops_loop.contract._columns import Array, Floats
from mlops_loop.contract._contract_file import parse_contract

Random = np.random.Generator
LEVELS = {"four": np.array([0.4, 0.3, 0.2, 0.1]), "many": np.full(500, 1 / 500)}
# From a standard normal variable to the values of a column.
VALUES: dict[str, Callable[[Floats], Array]] = {
    "normal": lambda z: z,
    "lognormal": lambda z: np.exp(2 * z),
    "cauchy": lambda z: np.tan(np.pi * (ndtr(z) - 0.5)),
    "pareto": lambda z: ndtr(-z) ** (-1 / 1.5),
    "count": lambda z: np.floor(np.exp(z)),
    "rare": lambda z: (z > 2).astype(np.float64),
    "four": lambda z: _category(z, LEVELS["four"]),
    "many": lambda z: _category(z, LEVELS["many"]),
}
TYPES = {"rare": "boolean", "four": "category", "many": "category"}
MIXED = tuple(VALUES)
WINDOW_DAYS = 30


def _category(z: Floats, shares: Floats) -> Array:
    codes = np.searchsorted(shares.cumsum()[:-1], ndtr(z))
    levels: Array = np.array([f"level {code}" for code in range(len(shares))], dtype=object)
    return np.asarray(levels[codes])


@dataclass(frozen=True)
class Table:
    """How the rows of a table come about.

    Attributes:
        columns: number of columns, of the kinds in turn.
        rows: of the reference, and of the window.
        days: of the reference.
        within: correlation of two rows of one day, or of one group.
        between: correlation of the effects of two days that follow each other.
        weekly: share of the day's effect that belongs to the weekday.
        missing: share of missing values, which days have an effect on as well.
        groups: number of groups in the place of days; 0 for days.
    """

    columns: int = 30
    kinds: tuple[str, ...] = ("normal",)
    rows: int = 2_000
    days: int = 14
    within: float = 0.0
    between: float = 0.0
    weekly: float = 0.0
    missing: float = 0.0
    groups: int = 0

    @cached_property
    def contract(self) -> Contract:
        cluster = (
            "  by: {type: text, role: group}"
            if self.groups
            else "  at: {type: datetime, role: time}"
        )
        columns = [
            f"  {name}: {{type: {TYPES.get(kind, 'number')}, nullable: true}}"
            for name, kind in self.kind_of.items()
        ]
        head = ["problem: binary", "label_horizon: 1d", "columns:", cluster]
        return parse_contract("\n".join([*head, *columns, "  y: {type: boolean, role: target}"]))

    @cached_property
    def kind_of(self) -> dict[str, str]:
        return {f"x{n}": self.kinds[n % len(self.kinds)] for n in range(self.columns)}

    def sides(self, random: Random) -> tuple[Columns, Columns]:
        """Reference and window, of the same process."""
        weekdays = random.normal(size=(7, 2 * self.columns))
        return (
            self._side(random, self.days, 0, weekdays),
            self._side(random, WINDOW_DAYS, self.days + 30, weekdays),
        )

    def _side(self, random: Random, days: int, first: int, weekdays: Floats) -> Columns:
        clusters = self.groups or days
        cluster = np.sort(random.integers(0, clusters, self.rows))
        effects = self._effects(random, clusters)
        share = 0.0 if self.groups else self.weekly
        effects = (
            np.sqrt(1 - share) * effects
            + np.sqrt(share) * weekdays[(first + np.arange(clusters)) % 7]
        )
        noise = random.normal(size=(self.rows, effects.shape[1]))
        latent = np.sqrt(self.within) * effects[cluster] + np.sqrt(1 - self.within) * noise
        columns: Columns = {"at": np.datetime64("2024-01-01", "us") + (first + cluster) * DAY}
        if self.groups:
            columns = {"by": np.array([f"{first} {each}" for each in cluster], dtype=object)}
        for at, (name, kind) in enumerate(self.kind_of.items()):
            columns[name] = VALUES[kind](latent[:, at])
            remove(columns, name, latent[:, self.columns + at] < ndtri(self.missing))
        return columns

    def _effects(self, random: Random, clusters: int) -> Floats:
        effects = random.normal(size=(clusters, 2 * self.columns))
        for at in range(1, clusters):
            shock = np.sqrt(1 - self.between**2) * effects[at]
            effects[at] = self.between * effects[at - 1] + shock
        return effects


DAY = np.timedelta64(1, "D")


def remove(columns: Columns, name: str, rows: Array) -> None:
    """Make values missing."""
    columns[name][rows] = None if columns[name].dtype == object else np.nan
