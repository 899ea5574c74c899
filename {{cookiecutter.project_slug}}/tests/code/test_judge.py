from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from {{ cookiecutter.package_name }}.loop.judge import judge, loss, wealth
from {{ cookiecutter.package_name }}.prediction_log import Label, LoggedRow, Output, Record

START = datetime(2013, 1, 1, tzinfo=UTC)


def row(number: int, *, champion: float, challenger: float, late: bool) -> LoggedRow:
    moment = START + timedelta(minutes=number)
    outputs = (
        Output("1", "champion", True, champion >= 0.5, [1 - champion, champion]),
        Output("2", "challenger", False, challenger >= 0.5, [1 - challenger, challenger]),
    )
    record = Record(f"p{number}", None, moment, moment, {}, outputs)
    return LoggedRow(record, Label(record.prediction_id, late, moment))


def ruling(rows: list[LoggedRow], min_rows: int = 100) -> str:
    return judge(
        rows,
        champion="1",
        challenger="2",
        classes=(False, True),
        error_rate=0.05,
        min_rows=min_rows,
    ).ruling


def noisy_rows(count: int, *, champion: float, challenger: float) -> list[LoggedRow]:
    """Rows of which 30 % are late; each version answers with one probability throughout."""
    late = np.random.default_rng(7).random(count) < 0.3
    return [
        row(number, champion=champion, challenger=challenger, late=bool(value))
        for number, value in enumerate(late)
    ]


def test_a_better_challenger_is_proven_better() -> None:
    assert ruling(noisy_rows(2000, champion=0.6, challenger=0.3)) == "better"


def test_a_worse_challenger_is_proven_worse() -> None:
    assert ruling(noisy_rows(2000, champion=0.3, challenger=0.6)) == "worse"


def test_the_smaller_error_of_a_number_is_proven_better_in_any_units() -> None:
    errors = np.random.default_rng(3).normal(0, 1, (2000, 2)) * [1.0, 0.8]
    for unit in (1.0, 1000.0):
        rows = [_measured(number, *pair) for number, pair in enumerate(errors * unit)]
        verdict = judge(
            rows,
            champion="1",
            challenger="2",
            classes=(),
            error_rate=0.05,
            min_rows=100,
            largest_error=3.0 * unit,
        )
        assert verdict.ruling == "better"
        assert 0 < verdict.challenger_loss < verdict.champion_loss < 0.2


def _measured(number: int, champion: float, challenger: float) -> LoggedRow:
    """A row whose outcome is 0, so that an answer is its error."""
    outputs = (
        Output("1", "champion", True, champion),
        Output("2", "challenger", False, challenger),
    )
    record = Record(f"p{number}", None, START, START, {}, outputs)
    return LoggedRow(record, Label(record.prediction_id, 0.0, START))


def test_nobody_acts_on_a_proof_that_the_mean_belies() -> None:
    good = noisy_rows(600, champion=0.6, challenger=0.3)
    assert ruling(good) == "better"
    bad = noisy_rows(2000, champion=0.3, challenger=0.6)
    assert ruling([*good, *bad]) != "better"


def test_few_rows_decide_nothing() -> None:
    rows = noisy_rows(200, champion=0.9, challenger=0.3)
    assert ruling(rows, min_rows=201) == "undecided"
    assert ruling([]) == "undecided"


def test_rows_that_only_one_version_predicted_are_passed_over() -> None:
    rows = noisy_rows(10, champion=0.3, challenger=0.6)
    alone = LoggedRow(
        Record("x", None, START, START, {}, rows[0].record.outputs[:1]), rows[0].label
    )
    verdict = judge(
        [alone, *rows],
        champion="1",
        challenger="2",
        classes=(False, True),
        error_rate=0.05,
        min_rows=1,
    )
    assert verdict.rows == 10


def test_looking_after_every_row_promotes_an_equal_model_rarely() -> None:
    random = np.random.default_rng(11)
    promoted = sum(
        wealth(random.normal(0, 0.2, size=1500).clip(-1, 1)).max() >= 20 for _ in range(200)
    )
    assert promoted <= 19  # 5 % of 200 and three standard deviations


@pytest.mark.parametrize(
    ("probabilities", "expected"), [([0.0, 1.0], 0.0), ([1.0, 0.0], 1.0), ([0.5, 0.5], 0.25)]
)
def test_the_loss_of_a_class_is_half_the_brier_score(
    probabilities: list[float], expected: float
) -> None:
    output = Output("1", "champion", True, True, probabilities)
    assert loss(output, True, (False, True), 1.0) == pytest.approx(expected)


def test_the_loss_of_one_of_several_classes_counts_all_of_them() -> None:
    output = Output("1", "champion", True, "b", [0.2, 0.5, 0.3])
    assert loss(output, "b", ("a", "b", "c"), 1.0) == pytest.approx((0.04 + 0.25 + 0.09) / 2)


def test_the_loss_of_a_number_is_its_clipped_squared_error() -> None:
    output = Output("1", "champion", True, 30.0)
    assert loss(output, 40.0, (), 20.0) == pytest.approx(0.25)
    assert loss(output, 400.0, (), 20.0) == 1.0
