"""Where a change began is found by the column that changed, or by the champion's loss."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.loop._change_point import detect_change_point, least_squares_split
from mlops_loop.monitoring import Finding
from mlops_loop.prediction_log import Label, Output, PredictionLog, Record, open_prediction_log
from mlops_loop.prediction_log._records import Scalar

START = datetime(2013, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DAYS, CHANGED, ROWS_A_DAY = 60, 41, 40
CONTRACT = parse_contract("""
problem: binary
label_horizon: 1d
columns:
  price: {type: number, nullable: true, example: 9.5}
  country: {type: category, categories: {values: [DE, FR], on_violation: warn}, example: DE}
  returned: {type: boolean, role: target}
""")

Columns = Callable[[bool, np.random.Generator], dict[str, Scalar]]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PredictionLog]:
    with closing(open_prediction_log("sqlite:///log.db", root=tmp_path)) as log:
        yield log


def fill(log: PredictionLog, columns: Columns, late: float = 0.1) -> None:
    """Sixty days; `columns` makes a row, from the 42nd day on with True, `late` their outcomes."""
    random = np.random.default_rng(1)
    records, labels = [], []
    for number in range(DAYS * ROWS_A_DAY):
        moment = START + number * DAY / ROWS_A_DAY
        changed = moment >= START + CHANGED * DAY
        output = Output("1", "champion", True, False, [0.9, 0.1])
        row = columns(changed, random)
        records.append(Record(f"p{number}", None, moment, moment, row, (output,)))
        happened = bool(random.random() < (late if changed else 0.1))
        labels.append(Label(f"p{number}", happened, moment))
    log.append(records).result()
    log.add_labels(labels)


def found(log: PredictionLog, column: str | None) -> datetime | None:
    kind = "drift" if column else "performance"
    return detect_change_point(
        CONTRACT,
        log,
        since=START,
        until=START + DAYS * DAY,
        findings=[Finding(kind, "found", column=column)],
        champion="1",
        limit=2000,
    )


def mean(changed: bool, random: np.random.Generator) -> dict[str, Scalar]:
    return {"price": float(random.normal(5 + changed)), "country": "DE"}


def share(changed: bool, random: np.random.Generator) -> dict[str, Scalar]:
    return {"price": 1.0, "country": "FR" if random.random() < 0.2 + 0.3 * changed else "DE"}


def absence(changed: bool, random: np.random.Generator) -> dict[str, Scalar]:
    absent = random.random() < 0.05 + 0.3 * changed
    return {"price": None if absent else float(random.normal()), "country": "DE"}


@pytest.mark.parametrize(
    ("columns", "column"), [(mean, "price"), (share, "country"), (absence, "price")]
)
def test_the_day_is_found_on_which_a_column_changed(
    columns: Columns, column: str, log: PredictionLog
) -> None:
    fill(log, columns)
    day = found(log, column)
    assert day is not None and abs(day - (START + CHANGED * DAY)) <= 2 * DAY


def test_the_day_is_found_on_which_the_champion_lost_more(log: PredictionLog) -> None:
    fill(log, lambda changed, random: {"price": 1.0, "country": "DE"}, late=0.6)
    day = found(log, None)
    assert day is not None and abs(day - (START + CHANGED * DAY)) <= 2 * DAY


def test_a_few_rows_tell_nothing(log: PredictionLog) -> None:
    assert found(log, "price") is None and found(log, None) is None


def test_a_shift_is_where_the_means_part() -> None:
    signals = np.repeat([[0.0, 1.0], [0.5, 1.0]], [130, 70], axis=0)
    assert least_squares_split(signals) == 130
