"""Processes share a log, are killed and end, and what was taken is kept."""

import threading
from pathlib import Path

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts

from .conftest import Open
from .processes import killed_while_appending, run_child
from .records import record


def test_a_killed_process_loses_nothing_it_was_promised(
    open_log: Open, address: str, tmp_path: Path
) -> None:
    promised = killed_while_appending(address, tmp_path)
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
