import errno
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from mlops_loop._logs import REQUEST_ID, configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FullDisk(io.BytesIO):
    """Takes nothing until `full` is put off."""

    full = True

    def write(self, content: Any) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


@pytest.fixture(autouse=True)
def restored_logs() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_off_a_terminal_a_line_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(raw))
    configure_logs()
    REQUEST_ID.set("r-1")
    structlog.get_logger().info("request", path="/predict")
    logging.getLogger("library").warning("careful %s", "now")
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
    REQUEST_ID.set(None)
    first, second, third = (json.loads(line) for line in raw.getvalue().splitlines())
    assert (first["event"], first["path"], first["level"]) == ("request", "/predict", "info")
    assert first["request_id"] == "r-1"
    assert (second["event"], second["logger"]) == ("careful now", "library")
    assert "ValueError: broken" in third["exception"]


def test_on_a_terminal_a_line_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure_logs()
    structlog.get_logger().info("ready", url="http://127.0.0.1:8000")
    assert "ready" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_a_line_that_cannot_be_written_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = FullDisk()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(raw))
    configure_logs()
    logger = structlog.get_logger()
    logger.info("lost")
    raw.full = False
    logger.info("kept")
    assert [json.loads(line)["event"] for line in raw.getvalue().splitlines()] == ["kept"]
