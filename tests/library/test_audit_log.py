from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mlops_loop._audit_log import AuditEvent, AuditLog
from mlops_loop._doctor.project_checks import Check, examine
from mlops_loop._settings import Settings
from mlops_loop.errors import StoreError

from .projects import project_in


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


@pytest.fixture
def chained(tmp_path: Path) -> Path:
    """A log of four entries; one is long, and one was torn by a crash."""
    path = tmp_path / "audit_log.jsonl"
    audit_log = AuditLog(path)
    for number, reason in enumerate(("first", "x" * 20_000, "third")):
        time = datetime(2013, 1, 1 + number, tzinfo=UTC)
        audit_log.append(AuditEvent(time, "promote", "ada", reason))
    with path.open("ab") as file:
        file.write(b'{"format":1,"time":"2013')
    audit_log.append(AuditEvent(datetime(2013, 2, 1, tzinfo=UTC), "reject", "ada", "fourth"))
    return path


def test_lines_form_a_chain(chained: Path) -> None:
    count, head, torn = AuditLog(chained).verify()
    assert count == 4 and torn == (4,)
    last = chained.read_bytes().splitlines()[-1]
    assert head == sha256(last).hexdigest()
    assert [entry.reason for entry in AuditLog(chained).entries()][0::2] == ["first", "third"]


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda lines: [lines[0].replace(b"ada", b"eve"), *lines[1:]], 2),
        (lambda lines: [*lines[:1], *lines[2:]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:3], *lines[4:]], 4),  # the torn line is covered as well
    ],
)
def test_a_change_breaks_the_chain(chained: Path, change: Any, number: int) -> None:
    lines = chained.read_bytes().splitlines(keepends=True)
    chained.write_bytes(b"".join(change(lines)))
    with pytest.raises(StoreError, match=f"line {number}: it does not follow"):
        AuditLog(chained).verify()


@pytest.mark.parametrize(
    ("change", "number"),
    [
        (lambda lines: [*lines[:2], lines[2][:-9] + b"\n", *lines[3:]], 3),
        (lambda lines: [*lines[:2], *lines[3:]], 3),  # a torn line hides nothing
        (lambda lines: [*lines[:3], lines[3].replace(b"2013", b"2014"), *lines[4:]], 4),
        (lambda lines: [lines[0], b"garbage\n", *lines[1:]], 2),
        (lambda lines: [b"garbage\n", *lines], 1),
        (lambda lines: [lines[0], b"\n", *lines[1:]], 2),
        (lambda lines: [*lines, b"garbage\n"], 6),
        (lambda lines: [*lines, b"\xff\x00\n"], 6),
        (lambda lines: [*lines, b"[1]\n"], 6),
    ],
)
def test_a_line_that_is_no_entry_breaks_the_chain(chained: Path, change: Any, number: int) -> None:
    lines = chained.read_bytes().splitlines(keepends=True)
    chained.write_bytes(b"".join(change(lines)))
    entry = AuditEvent(datetime(2013, 3, 1, tzinfo=UTC), "reject", "ada", "fifth")
    for _ in range(2):
        with pytest.raises(StoreError, match=f"line {number}: it is no entry"):
            AuditLog(chained).verify()
        # A later entry does not hide it.
        AuditLog(chained).append(entry)


def test_what_a_crash_tears_is_named_and_covered(tmp_path: Path) -> None:
    path = tmp_path / "audit_log.jsonl"
    audit_log = AuditLog(path)
    entry = AuditEvent(datetime(2013, 1, 1, tzinfo=UTC), "reject", "ada", "again")
    path.write_bytes(b'{"form')
    for torn in ((1,), (1, 3), (1, 3, 5)):
        assert audit_log.verify().torn == torn
        audit_log.append(entry)
        assert audit_log.verify().torn == torn
        with path.open("ab") as file:
            file.write(b'{"format":')
    with path.open("ab") as file:
        file.write(b'\n{"time"')  # a second crash, after the first one
    assert audit_log.verify().torn == (1, 3, 5, 7, 8)
    audit_log.append(entry)
    assert audit_log.verify()[0::2] == (4, (1, 3, 5, 7, 8))


def test_entries_of_several_processes_form_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit_log.jsonl"
    entry = AuditEvent(datetime(2013, 1, 1, tzinfo=UTC), "erase", "ada", "one of many")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: AuditLog(path).append(entry), range(40)))
    assert AuditLog(path).verify()[0] == 40


def test_an_empty_log_is_whole(tmp_path: Path) -> None:
    assert AuditLog(tmp_path / "audit_log.jsonl").verify() == (0, "", ())


def test_doctor_verifies_the_chain(shop_settings: Settings) -> None:
    audit_log = AuditLog(shop_settings.paths.audit_log)
    entry = AuditEvent(datetime(2013, 1, 1, tzinfo=UTC), "key create", "ada", "key shop")
    for _ in range(3):
        audit_log.append(entry)
    project = project_in(shop_settings.root)

    def chain() -> Check:
        return next(check for check in examine(project) if check.name == "audit chain")

    assert chain().passed and chain().finding.startswith("3 entries in one chain, the last ")
    text = shop_settings.paths.audit_log.read_text()
    shop_settings.paths.audit_log.write_text(text.replace("ada", "eve", 1))
    assert not chain().passed and "line 2" in chain().finding
    shop_settings.paths.audit_log.write_text(text + '{"form')
    assert (
        chain().passed
        and "no entry, as a crash or somebody else left it: line 4" in chain().finding
    )
