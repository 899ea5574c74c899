from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mlops_loop._traffic_split import bucket
from mlops_loop.evaluation import brier
from mlops_loop.loop._paired_loss import ModelPair
from mlops_loop.loop._row_loss import row_loss
from mlops_loop.loop._sequential_test import Unit
from mlops_loop.loop._trial_result import Rule, compare_losses
from mlops_loop.prediction_log import Label, LoggedRow, Output, Record

START = datetime(2013, 1, 1, tzinfo=UTC)
CLASSES = (False, True)
BRIER = row_loss("brier", CLASSES)
PAIRED = ModelPair("1", "2", BRIER, CLASSES)


def row(number: int, *, champion: float, challenger: float, late: bool) -> LoggedRow:
    moment = START + timedelta(minutes=number)
    outputs = (
        Output("1", "champion", True, champion >= 0.5, [1 - champion, champion]),
        Output("2", "challenger", False, challenger >= 0.5, [1 - challenger, challenger]),
    )
    record = Record(f"p{number}", None, moment, moment, {}, outputs)
    return LoggedRow(record, Label(record.prediction_id, late, moment))


def conclusion(rows: list[LoggedRow], min_rows: int = 100) -> str:
    return compare_losses(rows, PAIRED, Rule(0.05, min_rows, "row")).conclusion


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
            ModelPair("1", "2", row_loss("rmse", ())),
            Rule(0.05, 100, "row"),
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
        Rule(0.05, 1, "row"),
    )
    assert verdict.champion_rows == 10


def test_a_judge_by_days_needs_days() -> None:
    rows = noisy_rows(2000, champion=0.6, challenger=0.3)  # a day and a half
    verdict = compare_losses(rows, PAIRED, Rule(0.05, 100))
    assert verdict.conclusion == "undecided" and verdict.champion_rows == 2000


UNITS: tuple[Unit, ...] = ("row", "day")
SPLIT = ModelPair("1", "2", BRIER, CLASSES, share=0.2)


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
    found = compare_losses(rows, SPLIT, Rule(0.05, 100, unit))
    assert found.conclusion == expected
    assert found.challenger_rows == pytest.approx(6000, rel=0.1)
    assert found.champion_rows == pytest.approx(24_000, rel=0.1)


def test_a_split_promotes_an_equal_version_rarely() -> None:
    better = {"row": 0, "day": 0}
    for seed in range(60):
        rows = split_rows(seed, 1500, champion=0.3, challenger=0.3)
        for unit in UNITS:
            found = compare_losses(rows, SPLIT, Rule(0.05, 100, unit))
            better[unit] += found.conclusion == "better"
    assert max(better.values()) <= 8  # 5 % of 60 and three standard deviations


def test_the_mean_in_a_split_is_the_difference_of_the_losses() -> None:
    """Each key weighs by what was likely to be drawn, so that the mean is right."""
    rows = split_rows(3, 20_000, champion=0.6, challenger=0.3)
    found = list(SPLIT.loss_differences(rows))
    old = np.mean([one.champion_loss for one in found if one.champion_loss is not None])
    new = np.mean([one.challenger_loss for one in found if one.challenger_loss is not None])
    assert np.mean([one.loss_reduction for one in found]) == pytest.approx(old - new, abs=0.01)


def test_a_key_that_comes_again_counts_once() -> None:
    rows = split_rows(2, 5000, champion=0.6, challenger=0.3, keys=300)
    assert 250 < len(list(SPLIT.loss_differences(rows))) <= 300


def test_what_was_answered_before_the_challenger_came_tells_nothing() -> None:
    rows = split_rows(4, 1000, champion=0.6, challenger=0.3)
    early = [row for row in rows if row.record.outputs[0].version == "1"][:200]
    later = [row for row in rows if row.record.event_time > early[-1].record.event_time]
    first = next(at for at, row in enumerate(later) if row.record.outputs[0].version == "2")
    assert len(list(SPLIT.loss_differences([*early, *later]))) == len(later) - first - 1


def test_the_loss_of_two_classes_is_the_metric_brier() -> None:
    rows = noisy_rows(200, champion=0.6, challenger=0.3)
    result = compare_losses(rows, PAIRED, Rule(0.05, 100, "row"))
    labels = np.array([bool(row.label and row.label.label) for row in rows], dtype=np.int64)
    predicted = np.array([row.record.outputs[0].probabilities for row in rows])
    expected = brier.value(labels, predicted)
    assert result.champion_loss == pytest.approx(expected)
    assert f"against the champion's {expected:.4f} on 200 labelled rows" in result.summary()
    assert result.summary().startswith(f"Brier score {result.challenger_loss:.4f} ")
    assert result.metrics["loss"] == "Brier score"
