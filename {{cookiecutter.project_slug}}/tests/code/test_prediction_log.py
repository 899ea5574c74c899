"""What every prediction log promises. A store joins the suite by its file in stores/."""

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from runpy import run_path

import pytest

from {{ cookiecutter.package_name }} import prediction_log
from {{ cookiecutter.package_name }}.errors import InputError, SettingsError, StoreError
from {{ cookiecutter.package_name }}.prediction_log import (
    Counts,
    Label,
    LabelReport,
    LoggedRow,
    Output,
    PredictionLog,
    Record,
    open_prediction_log,
    set_prediction_log_aside,
)
from {{ cookiecutter.package_name }}.prediction_log.sampling import sampling_key

STORES = {
    path.stem: run_path(str(path))["serve"]
    for path in sorted(Path(__file__).parent.glob("stores/*.py"))
}

Open = Callable[[], PredictionLog]
NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(scope="module", params=STORES)
def new_address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    with STORES[request.param](tmp_path_factory.mktemp(request.param)) as new_address:
        yield new_address


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture
def open_log(address: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[PredictionLog] = []

    def open_one() -> PredictionLog:
        opened.append(open_prediction_log(address, root=tmp_path))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: Open) -> PredictionLog:
    return open_log()


def record(
    prediction_id: str, event_time: datetime = NOON, *, entity_key: str | None = None
) -> Record:
    return Record(
        prediction_id=prediction_id,
        entity_key=entity_key,
        event_time=event_time,
        arrival_time=event_time + timedelta(seconds=1),
        columns={"distance": 1400.0, "carrier": "AA", "delayed": True, "gust": None, "hour": 7},
        outputs=(
            Output("3", "champion", True, False, [0.75, 0.25]),
            Output("4", "challenger", False, 1.5),
        ),
    )


def label(prediction_id: str, value: bool | str = True) -> Label:
    return Label(prediction_id, value, NOON + timedelta(days=1))


def fill(log: PredictionLog, times: dict[str, datetime]) -> None:
    log.append([record(name, time) for name, time in times.items()]).result()


def ids(rows: list[LoggedRow]) -> list[str]:
    return [row.record.prediction_id for row in rows]


def scattered(count: int) -> dict[str, datetime]:
    """Ids with event times all over three days, many of them equal, some before 1970."""
    draw = random.Random(5)
    start = datetime(1969, 12, 30, 22, tzinfo=UTC)
    return {
        f"p{number}": start + timedelta(seconds=draw.randrange(3 * 86_400 // 7) * 7)
        for number in range(count)
    }


def run_child(code: str, address: str, root: Path) -> subprocess.Popen[str]:
    """Another process, with `open_log()` and `record(id)` at hand."""
    prelude = """
import importlib, pathlib, sys
from datetime import UTC, datetime
package = importlib.import_module(sys.argv[1])
def open_log():
    return package.open_prediction_log(sys.argv[2], root=pathlib.Path(sys.argv[3]))
def record(name):
    noon = datetime(2013, 6, 1, 12, tzinfo=UTC)
    return package.Record(name, None, noon, noon, {}, ())
"""
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, prediction_log.__name__, address, str(root)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_a_record_comes_back_as_it_was_appended(log: PredictionLog) -> None:
    sent = record("a", datetime(2013, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC), entity_key="k")
    log.append([sent]).result()
    assert log.get("a") == LoggedRow(sent, None)
    assert log.get("b") is None


def test_times_of_other_zones_are_the_same_instants(log: PredictionLog) -> None:
    cairo = datetime.fromisoformat("2013-06-01T14:00:00+02:00")
    log.append([record("a", cairo)]).result()
    assert ids(log.sample(NOON, NOON + MICROSECOND, 9)) == ["a"]


def test_times_without_a_zone_are_refused(log: PredictionLog) -> None:
    naive = datetime(2013, 6, 1)
    with pytest.raises(InputError, match="no time zone"):
        log.append([record("a", naive)])
    with pytest.raises(InputError, match="no time zone"):
        log.count(naive, None)


@pytest.mark.parametrize("probability", [float("nan"), float("inf")])
def test_a_probability_that_is_no_number_is_refused(log: PredictionLog, probability: float) -> None:
    outputs = (Output("3", "champion", True, True, [probability]),)
    with pytest.raises(InputError, match="'a' cannot be logged"):
        log.append([Record("a", None, NOON, NOON, {}, outputs)])


def test_a_record_is_kept_once_however_often_it_is_appended(log: PredictionLog) -> None:
    log.append([record("a"), record("b"), record("a")]).result()
    log.append([record("a", NOON + timedelta(days=3)), record("c")]).result()
    assert log.totals() == log.count(None, None) == Counts(3, 0)
    kept = log.get("a")
    assert kept is not None and kept.record.event_time == NOON


def test_appending_nothing_is_done_at_once(log: PredictionLog) -> None:
    log.append([]).result(timeout=5)
    assert log.totals() == log.count(NOON, None) == Counts(0, 0)
    assert log.sample(None, None, 9) == log.sample(None, None, 9, labelled=True) == []


def test_many_threads_may_append(log: PredictionLog) -> None:
    def append(worker: int) -> None:
        waiting = [log.append([record(f"{worker}-{number}")]) for number in range(50)]
        for future in waiting:
            future.result()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(8)))
    assert log.totals() == Counts(400, 0)


def test_a_caller_that_goes_away_undoes_nothing(log: PredictionLog) -> None:
    future = log.append([record("a")])
    future.cancel()
    log.append([record("b")]).result(timeout=5)
    assert not future.cancelled()
    assert log.get("a") is not None


def test_a_killed_process_loses_nothing_it_was_promised(
    open_log: Open, address: str, tmp_path: Path
) -> None:
    code = """
log = open_log()
for number in range(1_000_000):
    log.append([record(f"p{number}")]).result()
    print(number, flush=True)
"""
    with run_child(code, address, tmp_path) as child:
        assert child.stdout is not None
        while int(child.stdout.readline()) < 20:
            pass
        child.kill()
        promised = 21 + len([line for line in child.stdout if line.endswith("\n")])
    log = open_log()
    assert all(log.get(f"p{number}") for number in range(promised))
    assert log.totals().predictions in (promised, promised + 1)


def test_processes_may_write_to_the_same_log(open_log: Open, address: str, tmp_path: Path) -> None:
    code = """
sys.stdin.readline()
log = open_log()
for start in range(0, 100, 5):
    names = [f"p{number}" for number in range(start, start + 10)]
    log.append([record(name) for name in names]).result()
    log.add_labels([package.Label(name, True, datetime.now(UTC)) for name in names])
log.close()
"""
    with run_child(code, address, tmp_path) as one, run_child(code, address, tmp_path) as other:
        for child in (one, other):
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        log = open_log()
        log.append([record("mine")]).result()
        assert (one.wait(), other.wait()) == (0, 0)
    assert log.totals() == log.count(None, None) == Counts(106, 105)


def test_a_label_joins_its_prediction(log: PredictionLog) -> None:
    fill(log, {"a": NOON, "b": NOON})
    assert log.add_labels([label("a", "late")]) == LabelReport(joined=1)
    row = log.get("a")
    assert row is not None and row.label == label("a", "late")
    assert log.totals() == log.count(NOON, NOON + MICROSECOND) == Counts(2, 1)
    assert ids(list(log.rows(None, None, labelled=True))) == ["a"]


def test_a_label_that_came_early_waits_for_its_prediction(log: PredictionLog) -> None:
    assert log.add_labels([label("a")]) == LabelReport(early=1)
    assert log.totals() == Counts(0, 0)
    fill(log, {"a": NOON})
    row = log.get("a")
    assert row is not None and row.label == label("a")
    assert log.totals() == log.count(None, None) == Counts(1, 1)
    assert ids(log.sample(None, None, 9, labelled=True)) == ["a"]


def test_the_first_label_stays_and_others_are_reported(log: PredictionLog) -> None:
    fill(log, {"a": NOON, "b": NOON})
    report = log.add_labels([label("a"), label("a"), label("b", False), label("b", True)])
    assert report == LabelReport(joined=2, repeated=1, conflicting=("b",))
    again = log.add_labels([label("a", False), label("b", False)])
    assert again == LabelReport(repeated=1, conflicting=("a",))
    assert [row.label for row in log.rows(None, None)] == [label("a"), label("b", False)]
    assert log.totals() == log.count(None, None) == Counts(2, 2)


def test_labels_come_in_batches_of_any_length(log: PredictionLog) -> None:
    fill(log, scattered(1_200))
    report = log.add_labels([label(f"p{number}") for number in range(2_500)])
    assert report == LabelReport(joined=1_200, early=1_300)
    assert log.totals() == log.count(None, None) == Counts(1_200, 1_200)


def test_windows_hold_their_start_and_not_their_end(log: PredictionLog) -> None:
    times = {"before": NOON - MICROSECOND, "at": NOON, "after": NOON + MICROSECOND}
    fill(log, times)
    log.add_labels([label("at")])
    assert ids(log.sample(NOON, NOON + MICROSECOND, 9)) == ["at"]
    assert ids(list(log.rows(NOON, NOON + MICROSECOND))) == ["at"]
    assert log.count(NOON, NOON + MICROSECOND) == Counts(1, 1)
    assert ids(list(log.rows(None, NOON))) == ["before"]
    assert ids(list(log.rows(NOON, None))) == ["at", "after"]
    assert log.count(NOON, NOON) == Counts(0, 0) == log.count(NOON, NOON - MICROSECOND)


def test_any_window_is_exact(log: PredictionLog) -> None:
    times = scattered(2_000)
    fill(log, times)
    labelled = set(list(times)[::3])
    log.add_labels([label(name) for name in labelled])
    draw = random.Random(7)
    first, last = min(times.values()), max(times.values())
    for _ in range(25):
        since, until = sorted(first + draw.random() * (last - first) for _ in range(2))
        inside = {name for name, time in times.items() if since <= time < until}
        assert log.count(since, until) == Counts(len(inside), len(inside & labelled))
        by_key = sorted(inside, key=sampling_key)
        assert ids(log.sample(since, until, 40)) == by_key[:40]
        with_label = [name for name in by_key if name in labelled]
        assert ids(log.sample(since, until, 40, labelled=True)) == with_label[:40]


def test_rows_come_in_the_order_of_event_time(log: PredictionLog) -> None:
    times = scattered(2_500)
    fill(log, times)
    rows = list(log.rows(None, None))
    assert set(ids(rows)) == set(times) and len(rows) == len(times)
    assert [row.record.event_time for row in rows] == sorted(times.values())


def test_rows_of_one_instant_are_all_there(log: PredictionLog) -> None:
    fill(log, {f"p{number}": NOON for number in range(2_300)})
    assert len(set(ids(list(log.rows(NOON, NOON + MICROSECOND))))) == 2_300


def answered_by(name: str, time: datetime, *versions: str) -> Record:
    outputs = tuple(Output(version, "champion", True, 1.5) for version in versions)
    return Record(name, None, time, time, {}, outputs)


def test_a_version_is_asked_about_apart(log: PredictionLog) -> None:
    of = {
        "old": ("3",),
        "both": ("3", "10"),
        "turned": ("10", "3"),
        "new": ("10",),
        "none": (),
        "odd": ('1,"3"', "é\x00"),
    }
    times = {name: NOON + number * timedelta(days=3) for number, name in enumerate(of)}
    log.append(
        [answered_by(name, times[name], *versions) for name, versions in of.items()]
    ).result()
    log.add_labels([label("both"), label("new")])
    assert ids(list(log.rows(None, None, version="3"))) == ["old", "both", "turned"]
    assert ids(list(log.rows(None, times["new"], version="10"))) == ["both", "turned"]
    assert ids(list(log.rows(None, None, labelled=True, version="3"))) == ["both"]
    assert {*ids(log.sample(None, None, 9, version="10"))} == {"both", "turned", "new"}
    assert {*ids(log.sample(None, None, 9, labelled=True, version="10"))} == {"both", "new"}
    assert log.count(None, None, version="3") == Counts(3, 1)
    assert log.count(times["both"], times["new"], version="10") == Counts(2, 1)
    for name in ('1,"3"', "é\x00"):
        assert ids(log.sample(None, None, 9, version=name)) == ["odd"]
    for unknown in ("1", "", '"3"', "3,10"):
        assert log.count(None, None, version=unknown) == Counts(0, 0)
        assert log.sample(None, None, 9, version=unknown) == []
        assert log.sample(None, None, 9, labelled=True, version=unknown) == []
        assert list(log.rows(None, None, version=unknown)) == []
    log.prune(times["turned"])
    assert log.count(None, None, version="3") == Counts(1, 0)
    assert log.totals() == log.count(None, None) == Counts(4, 1)


def test_any_window_of_a_version_is_exact(log: PredictionLog) -> None:
    times = scattered(2_000)
    first, last = min(times.values()), max(times.values())
    turn = first + (last - first) / 3

    def versions(name: str, time: datetime) -> tuple[str, ...]:
        # A new version answers from the turn on, some of the rows beside the old one.
        if time < turn:
            return ("3",)
        return ("3", "4") if sampling_key(name) % 5 == 0 else ("4",)

    log.append([answered_by(name, at, *versions(name, at)) for name, at in times.items()]).result()
    labelled = set(list(times)[::3])
    log.add_labels([label(name) for name in labelled])
    draw = random.Random(7)
    for version in ("3", "4") * 8:
        since, until = sorted(first + draw.random() * (last - first) for _ in range(2))
        inside = {
            name
            for name, time in times.items()
            if since <= time < until and version in versions(name, time)
        }
        expected = Counts(len(inside), len(inside & labelled))
        assert log.count(since, until, version=version) == expected
        by_key = sorted(inside, key=sampling_key)
        assert ids(log.sample(since, until, 40, version=version)) == by_key[:40]
        with_label = [name for name in by_key if name in labelled]
        drawn = log.sample(since, until, 40, labelled=True, version=version)
        assert ids(drawn) == with_label[:40]
        rows = list(log.rows(since, until, version=version))
        assert set(ids(rows)) == inside and len(rows) == len(inside)
        assert [row.record.event_time for row in rows] == sorted(times[name] for name in inside)
        rows = list(log.rows(since, until, labelled=True, version=version))
        assert set(ids(rows)) == inside & labelled


def test_a_sample_favours_no_time_and_no_label(log: PredictionLog) -> None:
    bins, each = 40, 150
    fill(
        log,
        {f"p{n}": NOON + timedelta(minutes=n % bins, seconds=n % 50) for n in range(bins * each)},
    )
    log.add_labels([label(f"p{number}") for number in range(0, bins * each, 7)])
    sample = log.sample(NOON, NOON + timedelta(minutes=bins), 1_500)
    drawn = [0] * bins
    for row in sample:
        drawn[(row.record.event_time - NOON) // timedelta(minutes=1)] += 1
    expected = 1_500 / bins
    # The 99.9 % quantile of chi-square with 39 degrees of freedom; the ids are fixed.
    assert sum((count - expected) ** 2 / expected for count in drawn) < 72.1
    with_label = sum(row.label is not None for row in sample)
    assert abs(with_label - 1_500 / 7) < 3.3 * (1_500 / 7 * 6 / 7) ** 0.5


def test_a_sample_is_the_same_every_time(open_log: Open) -> None:
    log = open_log()
    times = scattered(300)
    fill(log, dict(reversed(times.items())))
    drawn = log.sample(None, None, 50)
    assert ids(drawn) == sorted(times, key=sampling_key)[:50]
    assert open_log().sample(None, None, 50) == drawn
    assert log.sample(None, None, 20) == drawn[:20]
    assert log.sample(None, None, 0) == []


def test_the_sampling_key_of_an_id_never_changes() -> None:
    # It is stored with every record: another hash would mix two kinds of keys in one log.
    assert sampling_key("p0") == 5_097_878_332_197_156_858


def test_erasing_an_entity_leaves_nothing_of_it(log: PredictionLog) -> None:
    log.append([record(name, entity_key="gone") for name in "ab"]).result()
    log.append([record("c", entity_key="stays"), record("d")]).result()
    log.add_labels([label(name) for name in "abc"])
    assert log.erase("gone") == 2
    assert log.erase("gone") == 0
    assert log.get("a") is None
    assert ids(list(log.rows(None, None))) == ["c", "d"]
    assert len(log.sample(None, None, 9)) == 2
    assert log.totals() == log.count(None, None) == Counts(2, 1)
    # Its label went with it, so that a new prediction of that id has none.
    log.append([record("a")]).result()
    assert log.totals() == Counts(3, 1)


def test_pruning_leaves_nothing_of_what_is_older(log: PredictionLog) -> None:
    times = {"old": NOON - MICROSECOND, "at": NOON, "late": NOON + MICROSECOND}
    log.append([record(name, time, entity_key="é🙂") for name, time in times.items()]).result()
    log.append([record("older", NOON - timedelta(days=9))]).result()
    log.add_labels([label(name) for name in ("old", "at", "early")])
    assert log.prune(NOON) == 2
    assert log.prune(NOON) == 0
    assert log.get("old") is None
    assert ids(list(log.rows(None, None))) == ["at", "late"]
    assert len(log.sample(None, None, 9)) == 2
    assert log.totals() == log.count(None, None) == Counts(2, 1)
    # Its label went with it, others wait on.
    log.append([record("old"), record("early")]).result()
    assert log.totals() == Counts(4, 2)
    assert log.erase("é🙂") == 2


def test_pruning_takes_any_number_while_others_append(log: PredictionLog) -> None:
    times = scattered(2_500)
    fill(log, times)
    with ThreadPoolExecutor(1) as pool:
        pruned = pool.submit(log.prune, NOON)
        log.append([record(f"new{number}") for number in range(50)]).result()
        assert pruned.result() == 2_500
    assert log.totals() == log.count(None, None) == Counts(50, 0)


def test_closing_writes_what_was_taken(open_log: Open) -> None:
    log = open_log()
    futures = [log.append([record(f"p{number}")]) for number in range(200)]
    log.close()
    assert all(future.done() and future.exception() is None for future in futures)
    assert open_log().totals() == Counts(200, 0)
    log.close()


def test_a_closed_log_refuses_and_ends_its_threads(open_log: Open) -> None:
    before = threading.active_count()
    log = open_log()
    log.close()
    assert threading.active_count() == before
    with pytest.raises(StoreError, match="closed"):
        log.append([record("a")]).result(timeout=5)


def with_option(address: str, option: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{option}"


def test_with_best_effort_nobody_waits(address: str, tmp_path: Path) -> None:
    log = open_prediction_log(with_option(address, "durability=best_effort"), root=tmp_path)
    assert all(log.append([record(f"p{number}")]).done() for number in range(50))
    log.close()
    with closing(open_prediction_log(address, root=tmp_path)) as log:
        assert log.totals() == Counts(50, 0)


@pytest.mark.parametrize("option", ["durability=some", "durabilty=acknowledged"])
def test_an_option_that_makes_no_sense_is_refused(
    address: str, option: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="durability"):
        open_prediction_log(with_option(address, option), root=tmp_path)


def test_a_log_that_was_set_aside_leaves_an_empty_one(
    open_log: Open, address: str, tmp_path: Path
) -> None:
    assert set_prediction_log_aside(address, root=tmp_path) is None
    log = open_log()
    log.append([record("a", entity_key="k")]).result()
    log.add_labels([label("a")])
    log.close()
    assert set_prediction_log_aside(address, root=tmp_path)
    log = open_log()
    assert log.totals() == Counts(0, 0)
    assert log.get("a") is None
    assert log.erase("k") == 0
    log.append([record("a")]).result()
    assert log.totals() == Counts(1, 0)


def test_times_at_the_ends_of_the_calendar_are_exact(log: PredictionLog) -> None:
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    near = [ends[0] + MICROSECOND, ends[1] - MICROSECOND]
    fill(log, {"first": ends[0], "second": near[0], "last but one": near[1], "last": ends[1]})
    assert ids(list(log.rows(near[0], ends[1]))) == ["second", "last but one"]
    assert log.count(near[0], ends[1]) == Counts(2, 0)
    assert log.totals() == log.count(None, None) == Counts(4, 0)


def test_any_text_may_be_an_id_or_an_entity(log: PredictionLog) -> None:
    names = ["", " ", "a:b", "é🙂", "p\x00q", "'\"\\"]
    log.append([record(name, entity_key=name) for name in names]).result()
    assert log.add_labels([label(name, name) for name in names]) == LabelReport(joined=6)
    found = [log.get(name) for name in names]
    assert [row and row.label for row in found] == [label(name, name) for name in names]
    assert [log.erase(name) for name in names] == [1] * 6


@pytest.mark.parametrize("unknown", ["nosql://x", "var/predictions.db", "records://x", ""])
def test_an_address_without_a_store_names_those_there_are(unknown: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no store for .*this project has .*://"):
        open_prediction_log(unknown, root=tmp_path)


def test_every_store_of_the_project_is_tested_here() -> None:
    assert set(prediction_log.stores()) == set(STORES)
