"""Which period of the past a replay covers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mlops_loop._loop_replay.period import replay_period
from mlops_loop._settings import CONFIG, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.errors import InputError

START = datetime(2020, 1, 1, tzinfo=UTC)
COLUMNS = "columns: {x: {type: number}, y: {type: number, role: target}, at: {type: datetime%s}}"


def contract(role: str = ", role: time") -> Contract:
    return parse_contract(f"problem: regression\nlabel_horizon: 1d\n{COLUMNS % role}")


def settings(root: Path, days: list[int], section: str = "") -> Settings:
    rows = [f"{(START + timedelta(days=day)).isoformat()},1,2" for day in days]
    root.mkdir(exist_ok=True)
    (root / "in.csv").write_text("\n".join(["at,x,y", *rows, ",1,2"]), encoding="utf-8")
    (root / "config").mkdir()
    (root / CONFIG).write_text(f"source: in.csv\n{section}", encoding="utf-8")
    return load_settings(root)


def test_by_default_it_is_the_second_half_of_the_rows(tmp_path: Path) -> None:
    replay = replay_period(settings(tmp_path, [70, 0, 1, 2, 80, 90]), contract())
    assert (replay.source, replay.since) == ("in.csv", START + timedelta(days=70))
    last = START + timedelta(days=90)
    assert last < replay.until < last + timedelta(seconds=1)
    assert (replay.report_from, replay.rows_per_month) == (None, 5_000)


def test_it_is_no_longer_than_a_year_or_twelve_windows(tmp_path: Path) -> None:
    days = list(range(0, 3000, 10))
    replay = replay_period(settings(tmp_path / "a", days), contract())
    assert replay.since == START + timedelta(days=2990 - 365)
    slow = settings(tmp_path / "b", days, "monitoring: {window: 90d}")
    assert replay_period(slow, contract()).since == START + timedelta(days=2990 - 12 * 90)


def test_rows_are_left_to_train_on_and_to_hold_out_with_their_labels(tmp_path: Path) -> None:
    given = settings(tmp_path, [0, 0, 0, 0, 200], "training: {holdout: 20d}")
    assert replay_period(given, contract()).since == START + timedelta(days=200)
    given = settings(tmp_path / "b", list(range(200)), "training: {holdout: 20d}")
    slow = contract().model_copy(update={"label_horizon": timedelta(days=45)})
    assert replay_period(given, slow).since == START + timedelta(days=175)
    slow = contract().model_copy(update={"label_horizon": timedelta(days=60)})
    with pytest.raises(InputError, match="covers 199 days.* more than 220 .*3 times label_horizon"):
        replay_period(given, slow)


def test_a_month_has_the_labels_of_short_windows(tmp_path: Path) -> None:
    section = "monitoring: {window: 1d, min_labels: 300}"
    replay = replay_period(settings(tmp_path, list(range(60)), section), contract())
    assert replay.rows_per_month == 2 * 300 * 30


def test_the_section_of_the_settings_takes_precedence(tmp_path: Path) -> None:
    section = "replay: {source: other.csv, since: 2020-02-01, until: 2020-03-01T12:00:00}"
    replay = replay_period(settings(tmp_path, [0, 1], section), contract())
    assert (replay.source, replay.since) == ("other.csv", datetime(2020, 2, 1, tzinfo=UTC))
    assert replay.until == datetime(2020, 3, 1, 12, tzinfo=UTC)


def test_without_times_there_is_nothing_to_replay(tmp_path: Path) -> None:
    given = settings(tmp_path, [0, 0])
    with pytest.raises(InputError, match="--time COLUMN"):
        replay_period(given, contract(""))
    with pytest.raises(InputError, match="no two rows of different times"):
        replay_period(given, contract())
