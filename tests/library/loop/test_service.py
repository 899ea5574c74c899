"""The service that the loop starts for itself when it plays the year."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlops_loop._loop_replay.service import POLL_SECONDS, _stop, _wait_until_alive, running_service
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.serving._key_file import KeyFile

from ..projects import ENV_PREFIX, project_in


def test_it_answers_the_loop_where_the_project_wants_keys(
    project_publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}PREDICTION_LOG", "sqlite:///var/predictions.db")
    settings = load_settings(tmp_path)
    KeyFile(settings.path(settings.serving.key_file)).create("shop", datetime.now(UTC))
    project_publisher.publish("1")
    project_publisher.point("1")
    with running_service(project_in(tmp_path)) as client:
        (answer,) = client.predict([dict(example_row(settings.contract()))])
    assert answer["model_version"] == "1"


def test_a_service_that_ignores_the_signal_is_killed() -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True)"
    command = [sys.executable, "-c", f"{code}; signal.pause()"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        _stop(process, timeout=0.2)
        assert process.returncode == -9


def test_a_service_that_is_not_ready_is_asked_again_after_a_pause(tmp_path: Path) -> None:
    responses = iter((503, 500, 200))
    transport = httpx.MockTransport(lambda _: httpx.Response(next(responses)))
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        with httpx.Client(base_url="http://service", transport=transport) as http:
            began = time.monotonic()
            _wait_until_alive(http, process, tmp_path / "service.log")
            waited = time.monotonic() - began
        _stop(process)
    assert waited >= 2 * POLL_SECONDS
    assert list(responses) == []
