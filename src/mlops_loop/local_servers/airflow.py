"""Run Airflow on the DAGs of this project, in the git-ignored folder .airflow.

`make airflow` runs this: the web interface, the scheduler and the other components, until Ctrl-C.
Further words are a command of Airflow, e.g. `dags test training`. Airflow has an environment of its
own, with what the project's list of its requirements names, since its pins do not fit others.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from ._access import NoServerError
from ._sessions import sessions

FOLDER = Path(".airflow")
DAGS = Path("dags")
ENVIRONMENT = FOLDER / "environment"
PROGRAM = ENVIRONMENT / "bin" / "airflow"
# What `airflow standalone` starts, without its log servers, which listen on all addresses of the
# machine. The web interface reads the logs of tasks from the disk; that it then asks a log server
# about a running task, in vain, would be an error in its own log every few seconds.
COMPONENTS = {
    "the web interface": ["api-server"],
    "the scheduler": ["scheduler", "--skip-serve-logs"],
    "the triggerer": ["triggerer", "--skip-serve-logs"],
    "the DAG processor": ["dag-processor"],
}
LOG_LEVELS = Path(__file__).with_name("airflow_log_levels.json")
# How often its parts are asked whether they run, and how often in a row they may be silent.
POLL_SECONDS = 5
MISSED_POLLS = 4


def airflow_settings(port: str) -> dict[str, str]:
    """The environment variables of Airflow; a setting that is set already wins."""
    home = FOLDER.resolve() / "home"
    fixed = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS.resolve()),
        "PYTHONPATH": str(DAGS.resolve()),
    }
    own = {
        # Its components write to one file, and so do commands. Most wait for each other.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=60",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # it listens on this machine only
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": port,
        "AIRFLOW__API__BASE_URL": f"http://localhost:{port}",
        "AIRFLOW__API__LOG_CONFIG": str(LOG_LEVELS),
    }
    path = os.pathsep.join([str(PROGRAM.parent.resolve()), os.environ.get("PATH", os.defpath)])
    return {**own, **os.environ, **fixed, "PATH": path}


def set_up(env: Mapping[str, str]) -> None:
    """Make the environment and the database, unless they are there."""
    requirements, mark = DAGS / "requirements.txt", FOLDER / "installed.txt"
    wanted = f"{sys.version}\n{requirements.read_text(encoding='utf-8')}"
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return
    print("Airflow is set up in .airflow, once", file=sys.stderr, flush=True)
    mark.unlink(missing_ok=True)
    venv.create(ENVIRONMENT, clear=True, with_pip=True)
    python, options = ENVIRONMENT / "bin" / "python", ("--quiet", "--require-hashes")
    _require([python, "-m", "pip", "install", *options, "--requirement", requirements], env)
    _require([PROGRAM, "db", "migrate"], env)
    mark.write_text(wanted, encoding="utf-8")


def _require(command: list[str | Path], env: Mapping[str, str]) -> None:
    own = {**env, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, env=own, capture_output=True, text=True)
    if done.returncode:
        words = " ".join([Path(command[0]).name, *map(str, command[1:4])])
        raise NoServerError(f"{done.stdout}{done.stderr}\n`{words}` failed; its reason is above")


def port_number() -> str:
    """The port of the web interface, 8080 if none is set.

    Raises:
        NoServerError: if it is not the number of a port.
    """
    port = os.environ.get("AIRFLOW__API__PORT", "8080")
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise NoServerError(
            f"AIRFLOW__API__PORT is {port!r}: set it to a number from 1 to 65535, e.g. 8080"
        )
    return port


def check(env: Mapping[str, str], port: str) -> None:
    """Require a free port, a database of this version, and DAGs that can be imported.

    Raises:
        NoServerError: with what to do.
    """
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", int(port))) == 0:
            raise NoServerError(f"port {port} is in use: set AIRFLOW__API__PORT to another one")
    _require([PROGRAM, "db", "migrate"], env)  # of a home that was deleted, or is another by now
    words = ("dags", "list-import-errors", "--local", "--output", "yaml")
    done = subprocess.run([PROGRAM, *words], env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise NoServerError(f"{done.stdout}\na DAG cannot be imported: correct it, and try again")


def watch(components: Mapping[str, subprocess.Popen[bytes]], address: str) -> None:
    """Say when Airflow is ready, and watch it from then on.

    Raises:
        NoServerError: when one of its parts has ended.
    """
    missed = -1  # before all have started, none is missed
    while True:
        time.sleep(POLL_SECONDS)
        ended = [name for name, component in components.items() if component.poll() is not None]
        silent = ended or silent_parts(address)
        if missed < 0 and not silent:
            print(f"Airflow is ready: {address} (Ctrl-C ends it)", flush=True)
        if missed >= 0 or not silent:
            missed = missed + 1 if silent else 0
        if ended or missed > MISSED_POLLS:
            names = " and ".join(silent)
            raise NoServerError(
                f"{names} of Airflow has ended; its reason is above. Run `make airflow` again: "
                "tasks that were running are tried again"
            )


def silent_parts(address: str) -> list[str]:
    """The parts that do not say that they are healthy."""
    try:
        with urlopen(f"{address}/api/v2/monitor/health", timeout=POLL_SECONDS) as answer:
            parts = json.load(answer)
    except (OSError, ValueError):
        return ["the web interface"]
    return [f"the {name}" for name, part in parts.items() if part["status"] != "healthy"]


def main(words: list[str]) -> int:
    if os.name == "nt":
        print("Airflow needs Linux, macOS or WSL.", file=sys.stderr)
        return 2
    try:
        port = port_number()
        env = airflow_settings(port)
        set_up(env)
        if words:
            return subprocess.run([PROGRAM, *words], env=env).returncode
        check(env, port)
        commands: list[list[str | Path]] = [[PROGRAM, *command] for command in COMPONENTS.values()]
        with sessions(commands, env) as started:
            watch(dict(zip(COMPONENTS, started, strict=True)), f"http://127.0.0.1:{port}")
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Airflow has ended", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
