"""Airflow on this machine: what keeps it from starting, and how all of it ends."""

import signal
import socket
import subprocess
import sys
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
from mlops_loop.local_servers._sessions import session
try:
    with session([sys.executable, "-c", *sys.argv[1:]], {}) as program:
        program.wait()
except KeyboardInterrupt:
    print("ended")
"""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_all_processes_end_with_the_first(tmp_path: Path, kind: signal.Signals) -> None:
    command = [sys.executable, "-c", RUN, PROGRAM, f"{tmp_path}/"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        leader = min(int(path.name) for path in tmp_path.iterdir())
        assert len(members(leader)) == 2
        process.send_signal(kind)
        try:
            assert process.communicate(timeout=30)[0] == "ended\n"
        finally:
            process.kill()
    assert members(leader) == []


def test_a_port_that_is_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(NoServerError, match=f"port {port} is in use: set AIRFLOW__API__PORT"):
            airflow.check({}, port)


def test_a_port_that_is_no_number_is_named() -> None:
    with pytest.raises(NoServerError, match="AIRFLOW__API__PORT is 'http': set it to a number"):
        airflow.check({}, "http")


def test_the_environment_is_that_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "True")
    env = airflow.airflow_settings("8080")
    assert env["AIRFLOW_HOME"] == str(Path.cwd() / ".airflow/home")
    assert env["AIRFLOW__CORE__LOAD_EXAMPLES"] == "True"  # the user's own


def test_a_part_that_is_silent_for_long_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    healthy: list[list[str]] = [["the web interface"], [], ["the scheduler"], []]
    answers = iter([*healthy, *[["the scheduler"]] * 9])
    monkeypatch.setattr(airflow, "POLL_SECONDS", 0)
    monkeypatch.setattr(airflow, "silent_parts", lambda address: next(answers))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        with pytest.raises(NoServerError, match="the scheduler of Airflow has ended; its reason"):
            airflow.watch(process, "http://127.0.0.1:8080")
        process.kill()
    assert len(list(answers)) == 4


def test_nothing_answers_where_nothing_listens() -> None:
    assert airflow.silent_parts("http://127.0.0.1:9") == ["the web interface"]


def test_a_command_that_failed_is_named_with_its_output() -> None:
    with pytest.raises(NoServerError, match=r"reason(.|\n)*`python\w* -c .*` failed"):
        airflow._require([sys.executable, "-c", "raise SystemExit('reason')"], {})
