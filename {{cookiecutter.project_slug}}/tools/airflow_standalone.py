"""Run Airflow on the DAGs of this project, in the git-ignored folder .airflow.

`make airflow` runs this: the web interface, the scheduler and all other processes, until Ctrl-C.
Further words are a command of Airflow, e.g. `tools/airflow_standalone.py dags test training`.
Airflow has an environment of its own, with what dags/requirements.txt names, since its pins do not
fit others.
"""

from __future__ import annotations  # so that an older Python gets as far as the sentence in `main`

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from urllib.error import URLError
from urllib.request import urlopen

from install import OLDEST, ROOT, InstallError, environment, executable, make_environment, output

FOLDER = ROOT / ".airflow"
REQUIREMENTS = ROOT / "dags" / "requirements.txt"
PROGRAM = executable(FOLDER / "environment", "airflow")
# How often its parts are asked whether they run, and how often in a row they may be silent.
POLL_SECONDS = 5
MISSED_POLLS = 4


class AirflowError(Exception):
    """Airflow does not run; the text says why, and what to do."""


def settings(port: int) -> dict[str, str]:
    """The environment of Airflow; a setting that is set already wins."""
    own = {
        "PYTHONPATH": str(ROOT / "dags"),
        "AIRFLOW_HOME": str(FOLDER / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # it listens on this machine only
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
    }
    path = os.pathsep.join([str(PROGRAM.parent), os.environ.get("PATH", os.defpath)])
    return {**environment({}), **{k: os.environ.get(k, v) for k, v in own.items()}, "PATH": path}


def set_up(env: dict[str, str]) -> None:
    """Make the environment and the database, unless they are there."""
    if not PROGRAM.exists():
        print("Airflow is set up in .airflow, once", file=sys.stderr, flush=True)
    requirements = ["--require-hashes", "--requirement", str(REQUIREMENTS)]
    fingerprint = f"{sys.version}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    is_new = make_environment(FOLDER / "environment", requirements, fingerprint)
    mark = FOLDER / "home" / "migrated.txt"
    if is_new or not mark.exists():
        done = subprocess.run([PROGRAM, "db", "migrate"], env=env, capture_output=True, text=True)
        if done.returncode:
            raise AirflowError(f"`airflow db migrate` failed:\n{done.stdout}{done.stderr}")
        mark.touch()


def check(env: dict[str, str], port: int) -> None:
    """Raise AirflowError if Airflow cannot run these DAGs."""
    with socket.socket() as one:
        if one.connect_ex(("127.0.0.1", port)) == 0:
            raise AirflowError(f"port {port} is in use: set AIRFLOW__API__PORT to another one")
    words = ("dags", "list-import-errors", "--local", "--output", "yaml")
    done = subprocess.run([PROGRAM, *words], env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise AirflowError(f"{done.stdout}\na DAG cannot be imported: correct it, and try again")


def watch(airflow: subprocess.Popen[bytes], address: str) -> None:
    """Return when Airflow has ended; raise AirflowError if one of its parts has."""
    missed = -1  # before all have started, none is missed
    while airflow.poll() is None:
        time.sleep(POLL_SECONDS)
        silent = silent_parts(address)
        if missed < 0 and not silent:
            print(f"Airflow is ready: {address} (Ctrl-C ends it)", flush=True)
        if missed >= 0 or not silent:
            missed = missed + 1 if silent else 0
        if missed > MISSED_POLLS:
            names = " and ".join(silent)
            raise AirflowError(
                f"{names} of Airflow has ended; its reason is above. Run `make airflow` again: "
                "tasks that were running are tried again"
            )


def silent_parts(address: str) -> list[str]:
    """The parts that do not say that they are healthy."""
    try:
        with urlopen(f"{address}/api/v2/monitor/health", timeout=POLL_SECONDS) as answer:
            parts = json.load(answer)
    except (URLError, OSError, ValueError):
        return ["the web interface"]
    return [f"the {name}" for name, part in parts.items() if part["status"] != "healthy"]


def end(airflow: subprocess.Popen[bytes]) -> None:
    """End Airflow with all processes of its session: it leaves some of its own running."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave them, too
    for kind, seconds in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
        for process in members(airflow.pid):
            with suppress(ProcessLookupError):
                os.kill(process, kind)
        until = time.monotonic() + seconds
        while members(airflow.pid) and time.monotonic() < until:
            airflow.poll()
            time.sleep(0.2)


def members(session: int) -> list[int]:
    """The processes of a session."""
    found = []
    for process in map(int, output(["ps", "-A", "-o", "pid="]).split()):
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(process) == session:
                found.append(process)
    return found


def show(env: dict[str, str], port: int) -> None:
    """Run all of Airflow until it ends, or a signal ends it."""
    check(env, port)
    for kind in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, signal.default_int_handler)
    airflow = subprocess.Popen([PROGRAM, "standalone"], env=env, start_new_session=True)
    try:
        watch(airflow, f"http://127.0.0.1:{port}")
    except KeyboardInterrupt:
        print("Airflow is being ended", flush=True)
    finally:
        end(airflow)


def main(words: list[str]) -> int:
    if os.name == "nt" or sys.version_info < OLDEST:
        print("Airflow needs Linux, macOS or WSL, and Python 3.11 or newer.", file=sys.stderr)
        return 2
    port = int(os.environ.get("AIRFLOW__API__PORT", "8080"))
    env = settings(port)
    try:
        set_up(env)
        if words:
            return subprocess.run([PROGRAM, *words], env=env).returncode
        show(env, port)
    except (AirflowError, InstallError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
