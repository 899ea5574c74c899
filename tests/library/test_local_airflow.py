"""Airflow on this machine: what keeps it from starting, and how all of it ends."""

import json
import logging.config
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlops_loop.local_servers import airflow
from mlops_loop.local_servers._access import NoServerError
from mlops_loop.local_servers._sessions import members

from .prediction_log.polling import wait_until

# A program that starts another one in a process group of its own, as Airflow does for tasks.
PROGRAM = """
import os, subprocess, sys
if os.fork() == 0:
    os.setpgid(0, 0)
open(sys.argv[1] + str(os.getpid()), "w").close()
import time
time.sleep(600)
"""
# Where the tests run in the background, a shell has SIGINT ignored.
RUN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from mlops_loop.local_servers._sessions import sessions
try:
    with sessions([[sys.executable, "-c", *sys.argv[1:]]] * 2, {}) as programs:
        programs[0].wait()
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_all_processes_of_all_programs_end_together(tmp_path: Path, kind: signal.Signals) -> None:
    command = [sys.executable, "-c", RUN, PROGRAM, f"{tmp_path}/"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 4)
        started = [int(path.name) for path in tmp_path.iterdir()]
        leaders = {os.getsid(each) for each in started}
        assert len(leaders) == 2 and sorted(members(*leaders)) == sorted(started)
        process.send_signal(kind)
        try:
            assert process.communicate(timeout=30)[0] == "ended\n"
        finally:
            process.kill()
    assert members(*leaders) == []


def test_a_port_that_is_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(NoServerError, match=f"port {port} is in use: set AIRFLOW__API__PORT"):
            airflow.check({}, port)


@pytest.mark.parametrize("port", ["http", "99999", "0", "-1", "", "9" * 5000, "８０８０"])
def test_a_port_that_is_none_is_named_before_anything_starts(
    port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW__API__PORT", port)
    assert airflow.main(["version"]) == 1
    expected = f"AIRFLOW__API__PORT is {port!r}: set it to a number from 1 to 65535, e.g. 8080\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_that_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    env = airflow.airflow_settings("8080")
    assert env["AIRFLOW_HOME"] == str(Path.cwd() / ".airflow/home")
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "True"  # the user's own
    database = env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    assert database == f"sqlite:///{Path.cwd()}/.airflow/home/airflow.db?timeout=60"


PROCESS = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def components(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    monkeypatch.setattr(airflow, "POLL_SECONDS", 0)
    with ExitStack() as stack:
        started = {}
        for name in airflow.COMPONENTS:
            started[name] = stack.enter_context(subprocess.Popen(PROCESS))
            stack.callback(started[name].kill)
        yield started


def test_a_part_that_is_silent_for_long_ends_it(
    components: dict[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy: list[list[str]] = [["the web interface"], [], ["the scheduler"], []]
    answers = iter([*healthy, *[["the scheduler"]] * 9])
    monkeypatch.setattr(airflow, "silent_parts", lambda address: next(answers))
    with pytest.raises(NoServerError, match="the scheduler of Airflow has ended; its reason"):
        airflow.watch(components, "http://127.0.0.1:8080")
    assert len(list(answers)) == 4


def test_a_part_that_ends_before_all_have_started_ends_it(
    components: dict[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow, "silent_parts", lambda address: ["the web interface"])
    components["the triggerer"].kill()
    components["the triggerer"].wait()
    with pytest.raises(NoServerError, match="^the triggerer of Airflow has ended; its reason"):
        airflow.watch(components, "http://127.0.0.1:8080")


def test_no_component_serves_logs_on_all_addresses() -> None:
    for component in ("the scheduler", "the triggerer"):
        assert "--skip-serve-logs" in airflow.COMPONENTS[component]
    env = airflow.airflow_settings("8080")
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    levels = json.loads(Path(env["AIRFLOW__API__LOG_CONFIG"]).read_text(encoding="utf-8"))
    logging.config.dictConfig(levels)  # has no mistake
    (name,) = levels["loggers"]
    assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


def test_nothing_answers_where_nothing_listens() -> None:
    assert airflow.silent_parts("http://127.0.0.1:9") == ["the web interface"]


def test_a_command_that_failed_is_named_with_its_output() -> None:
    with pytest.raises(NoServerError, match=r"reason(.|\n)*`python\w* -c .*` failed"):
        airflow._require([sys.executable, "-c", "raise SystemExit('reason')"], {})
