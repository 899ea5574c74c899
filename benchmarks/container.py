"""The service in a container beside the plain `serve` of the same project.

Time to ready, from the start of the process or of `docker run`, and the latency of one row a
request on one connection, each answer durable in SQLite. Build the image in the project first:
make image.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from subprocess import check_output
from typing import Any

import load
from common import BenchmarkError, package
from common import parser as common_parser
from common import positive, report
from servers import Server, free_port, running
from serving import example_row, measure_start

# What compose.yaml and the manifests of Kubernetes ask for.
LIMITED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--memory", "512m"]


def measure_requests(
    servers: dict[str, Server], row: bytes, options: Any
) -> dict[str, dict[str, list[float]]]:
    """Median and 99th percentile of the milliseconds a request takes, by turns."""
    found: dict[str, dict[str, list[float]]] = {name: {"p50": [], "p99": []} for name in servers}
    with ExitStack() as stack:
        ports = {name: free_port() for name in servers}
        for name, server in servers.items():
            stack.enter_context(running(server, ports[name]))
        for number in range(options.rounds + 1):
            for name in servers:
                sent = load.post(
                    ports[name], "/predict", row, seconds=options.seconds, connections=1
                )
                if sent.failed or not sent.latencies:
                    raise BenchmarkError(f"{name}: {sent.failed} requests were not answered by 200")
                if number:
                    found[name]["p50"].append(sent.median_ms)
                    found[name]["p99"].append(sent.p99_ms)
    return found


def benchmark(options: Any, folder: Path) -> dict[str, Any]:
    name = package(options.project)
    settings = {
        f"{name.upper()}__SERVING__ALLOW_ANONYMOUS": "true",
        f"{name.upper()}__PREDICTION_LOG": f"sqlite:///{folder}/predictions.db",
    }
    mounts = [f"--volume={options.project}/var:/app/var", f"--volume={folder}:{folder}"]
    user = f"--user={os.getuid()}:{os.getgid()}"
    variables = [word for item in settings.items() for word in ("--env", "=".join(item))]
    docker = ["docker", "run", "--rm", "--network", "host", user, *LIMITED, *mounts, *variables]
    python = str(options.project / ".venv/bin/python")
    servers = {
        "serve": Server([python, "-m", name, "serve"], options.project, {**os.environ, **settings}),
        "container": Server([*docker, options.image, "serve"], options.project, dict(os.environ)),
    }
    size = check_output(["docker", "image", "inspect", "--format", "{{.Size}}", options.image])
    before = os.getloadavg()[0]
    row = example_row(servers["serve"])
    return {
        "rounds": options.rounds,
        "image_mb": int(size) / 1e6,
        "seconds_to_ready": measure_start(servers, options.rounds),
        "milliseconds": measure_requests(servers, row, options),
        "load_average": {"before": before, "after": os.getloadavg()[0]},
    }


def table(result: dict[str, Any]) -> str:
    rows = ["| | ready, s | p50, ms | p99, ms |", "| --- | --- | --- | --- |"]
    for name, seconds in result["seconds_to_ready"].items():
        times = {key: median(values) for key, values in result["milliseconds"][name].items()}
        rows.append(f"| {name} | {median(seconds):.2f} | {times['p50']:.2f} | {times['p99']:.2f} |")
    return "\n".join([*rows, "", f"The image has {result['image_mb']:.0f} MB."])


def main() -> int:
    made = common_parser(__doc__)
    made.add_argument("--image", required=True, help="the image of the project's service")
    made.add_argument("--rounds", type=positive, default=7, help="measured rounds (default 7)")
    made.add_argument("--seconds", type=float, default=2.0, help="of load a round (default 2)")
    return report(made.parse_args(), benchmark, table)


if __name__ == "__main__":
    sys.exit(main())
