from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mlops_loop._traffic_split import bucket
from mlops_loop.evaluation import brier
from mlops_loop.loop._paired_loss import ModelPair, loss
from mlops_loop.loop._sequential_test import SequentialTest, Unit, e_process, scaled
from mlops_loop.loop._trial_result import compare_losses
from mlops_loop.prediction_log import Label, LoggedRow, Output, Record

START = datetime(2013, 1, 1, tzinfo=UTC)
PAIRED = ModelPair("1", "2", (False, True))


def row(number: int, *, champion: float, challenger: float, late: bool) -> LoggedRow:
    moment = START + timedelta(minutes=number)
    outputs = (
        Output("1", "champion", True, champion >= 0.5, [1 - champion, champion]),
        Output("2", "challenger", False, challenger >= 0.5, [1 - challenger, challenger]),
    )
    record = Record(f"p{number}", None, moment, moment, {}, outputs)
    return LoggedRow(record, Label(record.prediction_id, late, moment))


def conclusion(rows: list[LoggedRow], min_rows: int = 100) -> str:
    return compare_losses(
        rows,
        PAIRED,
        error_rate=0.05,
        min_rows=min_rows,
    ).conclusion


def noisy_rows(count: int, *, champion: float, challenger: float) -> list[LoggedRow]:
    """Rows of which 30 % are late; each version answers with one probability throughout."""
    late = np.random.default_rng(7).random(count) < 0.3
    return [
        row(number, champion=champion, challenger=challenger, late=bool(value))
        for number, value in enumerate(late)
    ]


def test_a_better_challenger_is_proven_better() -> None:
    assert conclusion(noisy_rows(2000, champion=0.6, challenger=0.3)) == "better"


def test_a_worse_challenger_is_proven_worse() -> None:
    assert conclusion(noisy_rows(2000, champion=0.3, challenger=0.6)) == "worse"


def test_the_smaller_error_of_a_number_is_proven_better_in_any_units() -> None:
    errors = np.random.default_rng(3).normal(0, 1, (2000, 2)) * [1.0, 0.8]
    for unit in (1.0, 1000.0):
        rows = [_measured(number, *pair) for number, pair in enumerate(errors * unit)]
        verdict = compare_losses(
            rows,
            ModelPair("1", "2", (), largest_error=3.0 * unit),
            error_rate=0.05,
            min_rows=100,
        )
        assert verdict.conclusion == "better"
        assert verdict.champion_loss == pytest.approx(unit, rel=0.02)
        assert verdict.challenger_loss == pytest.approx(0.8 * unit, rel=0.02)


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
    assert conclusion(good) == "better"
    bad = noisy_rows(2000, champion=0.3, challenger=0.6)
    assert conclusion([*good, *bad]) != "better"


def test_few_rows_decide_nothing() -> None:
    rows = noisy_rows(200, champion=0.9, challenger=0.3)
    assert conclusion(rows, min_rows=201) == "undecided"
    assert conclusion([]) == "undecided"


def test_rows_that_only_one_version_predicted_are_passed_over() -> None:
    rows = noisy_rows(10, champion=0.3, challenger=0.6)
    alone = LoggedRow(
        Record("x", None, START, START, {}, rows[0].record.outputs[:1]), rows[0].label
    )
    verdict = compare_losses(
        [alone, *rows],
        PAIRED,
        error_rate=0.05,
        min_rows=1,
    )
    assert verdict.champion_rows == 10


def test_looking_after_every_row_promotes_an_equal_model_rarely() -> None:
    random = np.random.default_rng(11)
    promoted = sum(
        e_process(random.normal(0, 0.2, size=1500).clip(-1, 1)).max() >= 20 for _ in range(200)
    )
    assert promoted <= 19  # 5 % of 200 and three standard deviations


def days(seed: int, advantage: float, count: int = 60, rows: int = 100) -> Any:
    """Rows of days that have a mean of their own, spread around the advantage."""
    random = np.random.default_rng(seed)
    return random.normal(random.normal(advantage, 0.02, count)[:, None], 0.08, (count, rows))


def proven(loss_reduction: Any, unit: Unit) -> bool:
    test = SequentialTest(unit)
    for day, values in enumerate(loss_reduction):
        for value in values:
            test.add(START.date() + timedelta(days=day), float(value))
    return test.is_significant(0.05)


def test_days_that_differ_promote_an_equal_model_rarely() -> None:
    """By rows they would: the rows of a good day all speak for the challenger."""
    drawn = [days(seed, 0.0) for seed in range(200)]
    by_row = sum(proven(loss_reduction, "row") for loss_reduction in drawn)
    by_day = sum(proven(loss_reduction, "day") for loss_reduction in drawn)
    assert by_day <= 19 < 60 < by_row  # of 200; 5 % and three standard deviations


def test_days_prove_an_advantage_in_time() -> None:
    assert sum(proven(days(seed, 0.02), "day") for seed in range(50)) >= 45


def test_a_day_that_may_not_be_over_is_no_bet() -> None:
    means = days(1, 0.0, count=5).mean(axis=1)
    whole = scaled(means)
    assert len(whole) == 3  # the first gives the scale, the last is not over
    assert np.array_equal(scaled([*means[:-1], 0.9]), whole)
    assert len(scaled(means[:2])) == 0


def test_a_judge_by_days_needs_days() -> None:
    rows = noisy_rows(2000, champion=0.6, challenger=0.3)  # a day and a half
    verdict = compare_losses(rows, PAIRED, error_rate=0.05, min_rows=100, unit="day")
    assert verdict.conclusion == "undecided" and verdict.champion_rows == 2000


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


UNITS: tuple[Unit, ...] = ("row", "day")
SPLIT = ModelPair("1", "2", (False, True), share=0.2)


def split_rows(
    seed: int, count: int, *, champion: float, challenger: float, keys: int | None = None
) -> list[LoggedRow]:
    """Rows a minute apart, each with one answer, by the draw; `keys` come again and again."""
    random = np.random.default_rng(seed)
    late = random.random(count) < 0.3
    rows = []
    for number in range(count):
        moment = START + timedelta(minutes=number)
        key = None if keys is None else f"{seed} {random.integers(keys)}"
        drawn = bucket(key or f"{seed} p{number}", "2") < 0.2
        version, share = ("2", challenger) if drawn else ("1", champion)
        output = Output(version, "", True, share >= 0.5, [1 - share, share])
        record = Record(f"{seed} p{number}", key, moment, moment, {}, (output,))
        rows.append(LoggedRow(record, Label(record.prediction_id, bool(late[number]), moment)))
    return rows


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("champion", "challenger", "expected"), [(0.7, 0.3, "better"), (0.3, 0.7, "worse")]
)
def test_a_split_proves_what_is_so(
    champion: float, challenger: float, expected: str, unit: Unit
) -> None:
    rows = split_rows(1, 30_000, champion=champion, challenger=challenger)
    found = compare_losses(rows, SPLIT, error_rate=0.05, min_rows=100, unit=unit)
    assert found.conclusion == expected
    assert found.challenger_rows == pytest.approx(6000, rel=0.1)
    assert found.champion_rows == pytest.approx(24_000, rel=0.1)


def test_a_split_promotes_an_equal_version_rarely() -> None:
    better = {"row": 0, "day": 0}
    for seed in range(60):
        rows = split_rows(seed, 1500, champion=0.3, challenger=0.3)
        for unit in UNITS:
            found = compare_losses(rows, SPLIT, error_rate=0.05, min_rows=100, unit=unit)
            better[unit] += found.conclusion == "better"
    assert max(better.values()) <= 8  # 5 % of 60 and three standard deviations


def test_what_a_split_bets_on_is_the_difference_of_the_losses() -> None:
    """Each key weighs by what was likely to be drawn, so that the mean is right."""
    rows = split_rows(3, 20_000, champion=0.6, challenger=0.3)
    found = list(SPLIT.loss_differences(rows))
    assert all(-1 <= one.loss_reduction <= 1 for one in found)
    old = np.mean([one.champion_loss for one in found if one.champion_loss is not None])
    new = np.mean([one.challenger_loss for one in found if one.challenger_loss is not None])
    assert np.mean([one.loss_reduction for one in found]) / 0.2 == pytest.approx(
        old - new, abs=0.01
    )


def test_a_key_that_comes_again_counts_once() -> None:
    rows = split_rows(2, 5000, champion=0.6, challenger=0.3, keys=300)
    assert 250 < len(list(SPLIT.loss_differences(rows))) <= 300


def test_what_was_answered_before_the_challenger_came_tells_nothing() -> None:
    rows = split_rows(4, 1000, champion=0.6, challenger=0.3)
    early = [row for row in rows if row.record.outputs[0].version == "1"][:200]
    later = [row for row in rows if row.record.event_time > early[-1].record.event_time]
    first = next(at for at, row in enumerate(later) if row.record.outputs[0].version == "2")
    assert len(list(SPLIT.loss_differences([*early, *later]))) == len(later) - first - 1


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        ((False, True), "Brier score"),
        (("a", "b", "c"), "halved Brier score"),
        ((), "rmse (errors clipped at 1.0000)"),
    ],
)
def test_the_loss_is_named(classes: tuple[str | bool, ...], name: str) -> None:
    assert ModelPair("1", "2", classes).loss_name == name


def test_the_loss_of_two_classes_is_the_metric_brier() -> None:
    rows = noisy_rows(200, champion=0.6, challenger=0.3)
    pair = ModelPair("1", "2", (False, True))
    result = compare_losses(rows, pair, error_rate=0.05, min_rows=100)
    labels = np.array([bool(row.label and row.label.label) for row in rows], dtype=np.int64)
    predicted = np.array([row.record.outputs[0].probabilities for row in rows])
    expected = brier.value(labels, predicted)
    assert result.champion_loss == pytest.approx(expected)
    assert f"against the champion's {expected:.4f} on 200 labelled rows" in result.summary()
    assert result.summary().startswith(f"Brier score {result.challenger_loss:.4f} ")
    assert result.metrics["loss"] == "Brier score"
