"""Pairs of versions on the sample's flights, as the loop would have them on trial, day by day.

A champion that knows the months before some month, and a challenger that knows one month or two
more, answer the flights of the two months after that.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from mlops_loop._settings import Settings
from mlops_loop.contract._arrow import table_columns
from mlops_loop.contract._casting import read_table
from mlops_loop.data._months import sample_months
from mlops_loop.data._sources import open_source, read_all

Floats = Any
FLIGHTS = Path(__file__).parents[2] / "tests/library/flights"
ROWS_A_MONTH = 5_000
FIRST, LAST = 2, 8  # months that the champion knows


@cache
def pairs() -> tuple[Floats, ...]:
    """For each pair an array of shape (days, 3): rows, and both totals of the log loss."""
    frame, late = _flights()
    month = frame.pop("month").to_numpy()
    day = frame.pop("day").to_numpy()
    known = {
        last: _losses(frame, late, month < last) for last in range(FIRST, LAST + 3) if last < 12
    }
    found = []
    for first in range(FIRST, LAST + 1):
        for newer in (first + 1, first + 2):
            rows = (month >= newer) & (month < newer + 2)
            _, number = np.unique(day[rows], return_inverse=True)
            totals = [np.bincount(number, known[each][rows]) for each in (first, newer)]
            found.append(np.stack([np.bincount(number), *totals], axis=1).astype(np.float64))
    return tuple(found)


def blocks(random: np.random.Generator, gain: float, days: int) -> tuple[Floats, Floats]:
    """Days of one pair in blocks of a week, with a gain that is a share of the champion's loss.

    Returns:
        Totals of the differences, and numbers of rows. The blocks are circular (Politis & Romano,
        1992), so that their mean is that of the pair.
    """
    pair = pairs()[random.integers(len(pairs()))]
    rows, champion, challenger = pair.T
    reduction = champion - challenger
    reduction += rows * (gain * champion.sum() - reduction.sum()) / rows.sum()
    starts = random.integers(0, len(pair), -(-days // 7))
    picked = (starts[:, None] + np.arange(7)).ravel()[:days] % len(pair)
    return reduction[picked], rows[picked]


def _flights() -> tuple[Any, Any]:
    settings = Settings(root=FLIGHTS, source="sample://flights")
    contract = settings.contract()
    table = read_table(
        table_columns(contract), read_all(open_source(settings.source, settings), contract)
    ).table.sort_by([("scheduled_departure", "ascending"), ("flight_id", "ascending")])
    times = table["scheduled_departure"].to_numpy()
    table = table.take(sample_months(times, ROWS_A_MONTH, 0))
    frame = table.to_pandas()
    times = frame.pop("scheduled_departure").dt.tz_localize(None)
    late = frame.pop("late").to_numpy()
    frame = frame.drop(columns="flight_id")
    for name in frame.select_dtypes(exclude="number"):
        frame[name] = frame[name].astype("category").cat.codes
    calendar: Mapping[str, Any] = {
        "weekday": times.dt.dayofweek,
        "month": times.dt.month - 1,
        "day": times.dt.dayofyear,
    }
    return frame.assign(**calendar), late


def _losses(frame: Any, late: Any, known: Any) -> Floats:
    model = HistGradientBoostingClassifier(learning_rate=0.05, max_iter=150, random_state=0)
    probability = model.fit(frame[known], late[known]).predict_proba(frame)[:, 1]
    losses: Floats = -np.log(np.where(late, probability, 1 - probability))
    return losses
