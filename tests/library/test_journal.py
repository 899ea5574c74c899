from datetime import UTC, datetime
from pathlib import Path

from mlops_loop.journal import Entry, Journal


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "journal.jsonl")
    assert list(journal.entries()) == []
    first = Entry(datetime(2013, 1, 1, tzinfo=UTC), "retrain", "loop", "drift: wind", {"rows": 3})
    second = Entry(datetime(2013, 2, 1, tzinfo=UTC), "promote", "ada", "better")
    journal.append(first)
    journal.append(second)
    assert list(Journal(tmp_path / "deep" / "journal.jsonl").entries()) == [first, second]


def test_an_entry_reads_as_a_sentence() -> None:
    entry = Entry(datetime(2013, 1, 1, tzinfo=UTC), "retrain", "loop", "drift: wind")
    assert entry.sentence() == "2013-01-01 00:00  retrain    drift: wind (loop)"


def test_a_sentence_names_the_version() -> None:
    entry = Entry(datetime(2013, 1, 1, tzinfo=UTC), "promote", "ada", "by hand", {"version": "2"})
    assert entry.sentence() == "2013-01-01 00:00  promote    version 2: by hand (ada)"


def test_a_line_that_a_crash_has_torn_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    first, second = (
        Entry(datetime(2013, 1, day, tzinfo=UTC), "retrain", "loop", "drift") for day in (1, 2)
    )
    journal.append(first)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert list(journal.entries()) == [first]
    journal.append(second)
    assert list(journal.entries()) == [first, second]
