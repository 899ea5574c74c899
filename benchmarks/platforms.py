"""A package as its platform runs it, beside plain `serve`: time to ready, latency, memory.

Takes a project that is installed and has a champion, rendered for google_cloud_function,
google_app_engine or heroku; needs Linux.

"""

import argparse
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import load
from common import BenchmarkError, package
from common import parser as common_parser
from common import positive, report
from servers import Server, free_port, running
from serving import example_row, measure_start

_FUNCTION = ["-m", "functions_framework", "--target", "handle", "--host", "127.0.0.1"]
# What the platform runs by a shell, in files of the package.
_SHELL = {
    "google_app_engine": ("app.yaml", r"entrypoint: (.+)"),
    "heroku": ("Procfile", r"web: (.+)"),
}


def platform_command(target: str, python: str, made: Path) -> list[str]:
    """The platform's command, which takes the port as its last argument.

    Raises:
        BenchmarkError: if the platform takes something else than source files.
    """
    if target == "google_cloud_function":
        return [python, *_FUNCTION]
    if target not in _SHELL:
        raise BenchmarkError(f"{target}: its package is not run as source files")
    name, pattern = _SHELL[target]
    found = re.search(pattern, (made / name).read_text(encoding="utf-8"))
    if found is None:
        raise BenchmarkError(f"{made / name} does not say what runs")
    return ["bash", "-c", f"export PORT=$2; {found[1]}", name]


def measure_requests(
    servers: dict[str, Server], options: argparse.Namespace
) -> dict[str, dict[str, list[float]]]:
    """Latencies of one row a request on one connection, by turns, and the memory after them."""
    ports = {name: free_port() for name in servers}
    row = example_row(servers["serve"])
    p50: dict[str, list[float]] = {name: [] for name in servers}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(running(server, ports[name]))[0]
            for name, server in servers.items()
        }
        for number in range(options.rounds + 1):
            for name in servers:
                sent = load.post(
                    ports[name], "/predict", row, seconds=options.seconds, connections=1
                )
                if sent.failed or not sent.latencies:
                    raise BenchmarkError(f"{name}: {sent.failed} requests were not answered by 200")
                if number:
                    p50[name].append(sent.median_ms)
        memory = {name: [session_mb(process)] for name, process in processes.items()}
    return {"p50_ms": p50, "memory_mb": memory}


def session_mb(leader: int) -> float:
    """Memory of all processes of a session, what they share counted once (PSS)."""
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(leader)], capture_output=True, text=True)
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in listed.stdout.split()]
    return sum(int(kb) for text in rollups for kb in re.findall(r"^Pss: +(\d+)", text, re.M)) / 1024


def benchmark(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    name = package(options.project)
    python = options.python or str(options.project / ".venv/bin/python")
    made = folder / "package"
    words = [python, "-m", name, "deploy", "package", "--json", "--output", str(made)]
    path = os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(words, cwd=options.project, env=env, capture_output=True, text=True)
    if done.returncode:
        raise BenchmarkError(done.stderr or done.stdout)
    target = json.loads(done.stdout)["target"]
    env |= {
        "PATH": os.pathsep.join([str(Path(python).parent), env["PATH"]]),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        f"{name.upper()}__SERVING__ALLOW_ANONYMOUS": "true",
        f"{name.upper()}__PREDICTION_LOG": f"sqlite:///{folder}/predictions.db",
        "DATABASE_URL": f"sqlite:///{folder}/predictions.db",
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    servers = {
        "serve": Server([python, "-m", name, "serve"], made, env),
        target: Server(platform_command(target, python, made), made, env),
    }
    before = os.getloadavg()[0]
    return {
        "target": target,
        "rounds": options.rounds,
        "seconds_to_ready": measure_start(servers, options.rounds),
        **measure_requests(servers, options),
        "load_average": {"before": before, "after": os.getloadavg()[0]},
    }


def table(result: dict[str, Any]) -> str:
    target = result["target"]
    lines = [f"| | serve | {target} | ratio |", "| --- | --- | --- | --- |"]
    for what, key in (
        ("time to ready, s", "seconds_to_ready"),
        ("p50 of one row, ms", "p50_ms"),
        ("memory, MB", "memory_mb"),
    ):
        plain, platform = (median(result[key][name]) for name in ("serve", target))
        lines.append(f"| {what} | {plain:.2f} | {platform:.2f} | {platform / plain:.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = common_parser(__doc__)
    parser.add_argument("--python", help="another interpreter, e.g. with the requirements alone")
    parser.add_argument("--rounds", type=positive, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of requests in a round")
    return report(parser.parse_args(), benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
