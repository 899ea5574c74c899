"""The service of a rendered project beside FastAPI apps: time to ready, memory, requests a second.

Takes a project that is installed and has a champion; needs Linux. An empty FastAPI app and the
service are started by turns, on the same port, by the same interpreter and server. Then the
service, which makes every answer durable, the same with a log that keeps nothing, and an app that
only echoes a pydantic model take the same row by turns; and other servers of the same model, if
asked for.

"""

import argparse
import json
import os
import sys
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import load
import others
from common import BenchmarkError, package
from common import parser as common_parser
from common import positive, report
from servers import (
    PROBE,
    Server,
    cpu_seconds,
    free_port,
    resident_mb,
    running,
)

# Without a return type, for which FastAPI would make a model: the least that an app can be.
_EMPTY = f"""
from fastapi import FastAPI

app = FastAPI()


@app.get("{PROBE}")
async def ready():
    return {{}}
"""
_ECHO = f"""{_EMPTY}

import json
from pathlib import Path
from pydantic import create_model

example = json.loads(Path("row.json").read_bytes())
kinds = {{name: (type(value), ...) for name, value in example.items()}}
Row = create_model("Row", **kinds)


@app.post("/predict")
async def predict(row: Row) -> Row:
    return row
"""
# The application as `serve` runs it, with a log that keeps nothing.
_WITHOUT_LOG = """
import sys
from concurrent.futures import Future

from mlops_loop._logs import configure_logs
from mlops_loop.serving._serve import serve
from my_ml_project.project import project


class NoLog:
    def append(self, records):
        recorded = Future()
        recorded.set_result(None)
        return recorded

    def backlog(self):
        return 0

    def close(self):
        pass


configure_logs()
project.log = NoLog()
serve(project, port=int(sys.argv[-1]))
"""


def measure_start(servers: dict[str, Server], rounds: int) -> dict[str, list[float]]:
    """Seconds to ready of each server, by turns; one round before them fills the caches."""
    port = free_port()
    seconds: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(rounds + 1):
        for name, server in servers.items():
            with running(server, port) as (_, taken):
                pass
            if number:
                seconds[name].append(taken)
    return seconds


def measure_load(
    servers: dict[str, Server], row: bytes, options: argparse.Namespace
) -> dict[str, Any]:
    """Requests, latencies and processor time by turns, and the memory after them."""
    ports = {name: free_port() for name in servers}
    found: dict[str, dict[str, list[float]]] = {
        "requests_a_second": {name: [] for name in servers},
        "median_ms": {name: [] for name in servers},
        "cpu_us": {name: [] for name in servers},
    }
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(running(server, ports[name]))[0]
            for name, server in servers.items()
        }
        for number in range(options.rounds + 1):
            for name, process in processes.items():
                # The first round warms up, and need not be long.
                span = options.seconds if number else min(1.0, options.seconds)
                used = cpu_seconds(process)
                server = servers[name]
                sent = load.post(
                    ports[name],
                    server.path,
                    server.body(row),
                    seconds=span,
                    connections=options.connections,
                )
                used = cpu_seconds(process) - used
                if sent.failed or not sent.latencies:
                    raise BenchmarkError(f"{name}: {sent.failed} requests were not answered by 200")
                if number:
                    found["requests_a_second"][name].append(sent.rate)
                    found["median_ms"][name].append(sent.median_ms)
                    found["cpu_us"][name].append(1e6 * used / len(sent.latencies))
        tail = measure_tail(servers["service"], ports["service"], row, found, options)
        return {**found, "half_load": tail, "service_mb": resident_mb(processes["service"])}


def measure_tail(
    service: Server,
    port: int,
    row: bytes,
    found: dict[str, dict[str, list[float]]],
    options: argparse.Namespace,
) -> dict[str, list[float]]:
    """Latencies of the service at half the rate that it reached."""
    rate = median(found["requests_a_second"]["service"]) / 2
    sent = [
        load.post(
            port,
            service.path,
            service.body(row),
            seconds=options.seconds,
            connections=options.connections,
            rate=rate,
        )
        for _ in range(options.rounds)
    ]
    return {"p50_ms": [one.median_ms for one in sent], "p99_ms": [one.p99_ms for one in sent]}


def example_row(service: Server) -> bytes:
    """The row that the service's own OpenAPI document gives as an example."""
    port = free_port()
    with running(service, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=30) as answer:
            document = json.load(answer)
    row = document["components"]["examples"]["Row"]["value"]
    return json.dumps({name: value for name, value in row.items() if value is not None}).encode()


def benchmark(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    name = package(options.project)
    # Byte code is warm for all of them, and kept out of the project. The log is a fresh file on
    # the project's own disk, since what durability costs is the disk's.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    own = {**env, f"{name.upper()}__PREDICTION_LOG": f"sqlite:///{folder}/predictions.db"}
    python = options.python or str(options.project / ".venv/bin/python")
    uvicorn = [python, "-m", "uvicorn", "--no-access-log", "--log-level", "warning"]
    (folder / "empty_app.py").write_text(_EMPTY)
    (folder / "echo_app.py").write_text(_ECHO)
    (folder / "without_log.py").write_text(_WITHOUT_LOG)
    service = Server([python, "-m", name, "serve"], options.project, own)
    empty = Server([*uvicorn, "empty_app:app"], folder, env)
    echo = Server([*uvicorn, "echo_app:app"], folder, env)
    logless = Server([python, str(folder / "without_log.py")], options.project, own)
    row = example_row(service)
    (folder / "row.json").write_bytes(row)
    beside = {name: others.MAKERS[name](options.project, folder, env) for name in options.beside}
    before = os.getloadavg()[0]
    seconds = measure_start({"empty": empty, "service": service}, options.rounds)
    servers = {"echo": echo, "service": service, "without_log": logless, **beside}
    return {
        "rounds": options.rounds,
        "connections": options.connections,
        "seconds_to_ready": seconds,
        **measure_load(servers, row, options),
        "load_average": {"before": before, "after": os.getloadavg()[0]},
    }


def table(result: dict[str, Any]) -> str:
    """The medians and their ratios, as Markdown."""
    ready = {name: median(taken) for name, taken in result["seconds_to_ready"].items()}
    lines = [
        ("", "other", "service", "ratio"),
        ("---", "---", "---", "---"),
        _line("seconds to ready (empty app)", ready["empty"], ready["service"], 2),
    ]
    for title, key, digits in (
        ("requests a second", "requests_a_second", 0),
        ("median milliseconds a request", "median_ms", 1),
        ("processor microseconds a request", "cpu_us", 0),
    ):
        values = {name: median(found) for name, found in result[key].items()}
        for name, log in (("service", "every answer durable"), ("without_log", "no log")):
            lines.append(_line(f"{title} (echo app), {log}", values["echo"], values[name], digits))
    rates = {name: median(found) for name, found in result["requests_a_second"].items()}
    for name in [name for name in rates if name in others.MAKERS]:
        lines.append(
            _line(f"requests a second ({name}), no log", rates[name], rates["without_log"], 0)
        )
    tail = {name: median(taken) for name, taken in result["half_load"].items()}
    what = "p50 and p99 at half the durable rate, milliseconds"
    lines.append(_line(what, tail["p50_ms"], tail["p99_ms"], 1))
    lines.append(("MB resident after the load", "", f"{result['service_mb']:.0f}", ""))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(what: str, other: float, ours: float, digits: int) -> tuple[str, str, str, str]:
    return what, f"{other:.{digits}f}", f"{ours:.{digits}f}", f"{ours / other:.2f}"


def _arguments() -> argparse.Namespace:
    parser = common_parser(__doc__)
    parser.add_argument("--python", help="its interpreter, by default PROJECT/.venv/bin/python")
    parser.add_argument("--rounds", type=positive, default=9, help="measured rounds (default 9)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of load a round (default 3)")
    parser.add_argument("--connections", type=positive, default=32, help="of the load (default 32)")
    parser.add_argument(
        "--beside",
        nargs="*",
        default=[],
        choices=sorted(others.MAKERS),
        help="other servers of the same model, installed for the occasion where they have to be",
    )
    return parser.parse_args()


def main() -> int:
    return report(_arguments(), benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
