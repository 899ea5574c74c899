from datetime import UTC, datetime
from pathlib import Path

from mlops_loop._audit_log import AuditEvent, AuditLog


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    audit_log = AuditLog(tmp_path / "deep" / "audit_log.jsonl")
    assert list(audit_log.entries()) == []
    first = AuditEvent(
        datetime(2013, 1, 1, tzinfo=UTC), "retrain", "loop", "drift: wind", {"rows": 3}
    )
    second = AuditEvent(datetime(2013, 2, 1, tzinfo=UTC), "promote", "ada", "better")
    audit_log.append(first)
    audit_log.append(second)
    assert list(AuditLog(tmp_path / "deep" / "audit_log.jsonl").entries()) == [first, second]


def test_an_entry_reads_as_a_sentence() -> None:
    entry = AuditEvent(datetime(2013, 1, 1, tzinfo=UTC), "retrain", "loop", "drift: wind")
    assert entry.summary() == "2013-01-01 00:00  retrain    drift: wind (loop)"


def test_a_sentence_names_the_version() -> None:
    entry = AuditEvent(
        datetime(2013, 1, 1, tzinfo=UTC), "promote", "ada", "by hand", {"version": "2"}
    )
    assert entry.summary() == "2013-01-01 00:00  promote    version 2: by hand (ada)"


def test_a_line_that_a_crash_has_torn_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "audit_log.jsonl"
    audit_log = AuditLog(path)
    first, second = (
        AuditEvent(datetime(2013, 1, day, tzinfo=UTC), "retrain", "loop", "drift") for day in (1, 2)
    )
    audit_log.append(first)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert list(audit_log.entries()) == [first]
    audit_log.append(second)
    assert list(audit_log.entries()) == [first, second]
