"""Decisions of drift and data quality, simulated: what is found where one column has changed."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from mlops_loop.contract import Columns

from .case import Aim, Case
from .drift import find, is_alarm
from .drift_data import Random, Table, remove

# Of the categories in this order, the shares are .4, .3, .2 and .1.
FIRST, SECOND, NEW = "level 0", "level 1", "level 9"

Change = Callable[[Random, Columns], None]


@dataclass(frozen=True)
class Changed:
    """Whether a column of the window that changed is named, or the change is an alarm.

    Attributes:
        table: the table before; x0 is the column that changes, and x1 to x29 do not.
        change: changes the window, or half of it, in place.
        weight: share of the importance that x0 has; 0 if it is not known.
    """

    table: Table
    change: Change
    counted: Literal["named", "alarm"]
    weight: float = 0.0

    def __call__(self, random: Random) -> bool:
        reference, window = self.table.sides(random)
        self.change(random, window)
        others = (1 - self.weight) / (self.table.columns - 1)
        importances = {name: others for name in self.table.kind_of} | {"x0": self.weight}
        findings = find(self.table, reference, window, importances if self.weight else None)
        if self.counted == "named":
            return any(finding.column == "x0" for finding in findings)
        return any(map(is_alarm, findings))


def shift(by: float, random: Random, window: Columns) -> None:
    window["x0"] += by


def shift_late(by: float, random: Random, window: Columns) -> None:
    """In the second half of the window only."""
    late = window["at"] > np.median(window["at"].astype(np.int64)).astype("datetime64[us]")
    window["x0"] += by * late


def scale(by: float, random: Random, window: Columns) -> None:
    window["x0"] *= by


def add_category(share: float, random: Random, window: Columns) -> None:
    window["x0"][random.random(len(window["x0"])) < share] = NEW


def swap(share: float, random: Random, window: Columns) -> None:
    """Make the first category rarer by this share of all rows, and the second more frequent."""
    first = window["x0"] == FIRST
    window["x0"][first & (random.random(len(first)) < share / 0.4)] = SECOND


def lose(share: float, random: Random, window: Columns) -> None:
    """Make values missing, so that 5% become 20%."""
    remove(window, "x0", random.random(len(window["x0"])) < share)


def lose_late(share: float, random: Random, window: Columns) -> None:
    """Make all values of the last days missing."""
    window_end = np.quantile(window["at"].astype(np.int64), 1 - share)
    remove(window, "x0", window["at"].astype(np.int64) >= window_end)


_NUMBERS, _CATEGORIES = Table(), Table(kinds=("four",))
_NAMED, _ALARM = "one of 30 columns changed: named", "one of 30 columns changed: drift alarm"
_MOSTLY = Aim("at least", 0.95)
_CHANGES: dict[str, tuple[Table, Change]] = {
    "mean + 0.3 sd": (_NUMBERS, partial(shift, 0.3)),
    "sd x 1.3": (_NUMBERS, partial(scale, 1.3)),
    "3% in a new category": (_CATEGORIES, partial(add_category, 0.03)),
    "two categories swap 10 points": (_CATEGORIES, partial(swap, 0.1)),
    "missing 5 to 20%": (Table(missing=0.05), partial(lose, 0.158)),
    "missing in the last sixth of the window": (_NUMBERS, partial(lose_late, 1 / 6)),
}

CASES: tuple[Case, ...] = (
    *(
        Case(_NAMED, f"{name}, 2,000 rows", Changed(table, change, "named"), 100, _MOSTLY)
        for name, (table, change) in _CHANGES.items()
    ),
    Case(
        _NAMED,
        "mean + 0.5 sd in the second half of the window",
        Changed(_NUMBERS, partial(shift_late, 0.5), "named"),
        100,
    ),
    Case(
        _ALARM,
        "mean + 1 sd, importance not known",
        Changed(_NUMBERS, partial(shift, 1.0), "alarm"),
        100,
        _MOSTLY,
    ),
    Case(
        _ALARM,
        "mean + 0.3 sd in a column with 25% of the importance",
        Changed(_NUMBERS, partial(shift, 0.3), "alarm", 0.25),
        100,
        _MOSTLY,
    ),
)
