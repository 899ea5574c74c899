from datetime import UTC, datetime
from pathlib import Path

from {{ cookiecutter.package_name }}.journal import Entry, Journal


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
