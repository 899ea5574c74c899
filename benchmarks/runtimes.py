"""Deployment targets beside plain `serve`: time to the first answer, and the median of one request.

Renders, installs and trains a project for each target, packages it, and starts the target's runtime
and `serve` of the same package by turns, with the same environment. A runtime that takes an image
needs a container engine; beside it, `serve` runs from the project's own environment. Needs Linux,
and PYTHONPATH=tools:hooks.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

import yaml
from deployment import (
    aws_lambda,
    aws_sagemaker,
    docker,
    google_cloud_function,
    google_cloud_run,
    heroku,
)
from deployment.installed import Installed, install, running
from deployment.platform import wait_until_answered, with_password
from deployment.project import Project, answers_for, trained

import toolbox
from behaviour import PACKAGE, free_port

REQUESTS = 300
SERVE = ("/usr/bin/env", "python", "-m", PACKAGE, "serve", "--host", "127.0.0.1")


@dataclass(frozen=True)
class Side:
    """A service that can be started again and again; `path` is where it predicts."""

    start: Callable[[], AbstractContextManager[str]]
    path: str = "/predict"


def installed_side(installed: Installed, command: tuple[str, ...], env: Mapping[str, str]) -> Side:
    source = {"PYTHONPATH": str(installed.package / "src")}
    return Side(lambda: running(installed, command, {**source, **env}))


def from_source(project: Project, key: str, target: str) -> tuple[Side, Side]:
    """The target's runtime, and `serve`, with the package's own environment."""
    installed, settings = install(project), project.settings(key)
    if target == "google_cloud_function":
        command: tuple[str, ...] = ("/usr/bin/env", *google_cloud_function.COMMAND)
        started = dict(settings)
    elif target == "google_app_engine":
        app = yaml.safe_load((installed.package / "app.yaml").read_text(encoding="utf-8"))
        command, started = ("bash", "-c", app["entrypoint"]), {**app["env_variables"], **settings}
    else:
        command, started = (str(toolbox.program("honcho")), "start", "web"), dict(settings)
        started["DATABASE_URL"] = started.pop(f"{PACKAGE.upper()}__PREDICTION_LOG")
        heroku.release(installed, (*command[:2], "release"), started)
    return (
        installed_side(installed, command, started),
        installed_side(installed, SERVE, settings),
    )


def from_image(project: Project, key: str, target: str) -> tuple[Side, Side]:
    """The image of the target, and `serve` of the project."""
    image, settings = docker.build(project), with_password(project.settings(key))

    @contextmanager
    def invoked() -> Iterator[str]:
        with aws_lambda.emulator(image, settings) as function:
            began = time.perf_counter()
            urlopen(f"{function.function_url}/health/ready").close()
            first = time.perf_counter() - began - function.init_seconds
            print(
                f"init {function.init_seconds:.2f} s, first request {first:.3f} s", file=sys.stderr
            )
            yield function.function_url

    @contextmanager
    def contained() -> Iterator[str]:
        port = free_port()
        with docker.running(image, {**settings, "PORT": str(port)}):
            url = f"http://127.0.0.1:{port}"
            wait_until_answered(f"{url}/health/ready")
            yield url

    opt_ml = project.root.parent / "opt-ml"
    if target == "aws_sagemaker":
        aws_sagemaker.unpack_model(project, opt_ml)
    sides = {
        "aws_lambda": Side(invoked),
        "aws_sagemaker": Side(
            lambda: aws_sagemaker.serving(image, settings, opt_ml), path="/invocations"
        ),
        "docker": Side(contained),
        "google_cloud_run": Side(lambda: google_cloud_run.serving(image, settings)),
    }
    own = Installed(project.root, project.root / ".venv")
    return sides[target], installed_side(own, SERVE, settings)


TARGETS: dict[str, Callable[[Project, str, str], tuple[Side, Side]]] = {
    "google_cloud_function": from_source,
    "google_app_engine": from_source,
    "heroku": from_source,
    "aws_lambda": from_image,
    "aws_sagemaker": from_image,
    "docker": from_image,
    "google_cloud_run": from_image,
}


def milliseconds_a_request(url: str, key: str, row: Mapping[str, Any]) -> float:
    """The median of requests one after the other, the first ones left out."""
    headers = {"X-API-Key": key, "Content-Type": "application/json"}
    request = Request(url, json.dumps(row).encode(), headers)
    seconds = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        with urlopen(request) as response:
            response.read()
        seconds.append(time.perf_counter() - began)
    return 1e3 * median(seconds[REQUESTS // 10 :])


def measure(target: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds to ready and milliseconds a request, of the target and of `serve`."""
    key = secrets.token_urlsafe()
    found: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="target-", ignore_cleanup_errors=True) as folder:
        with trained(Path(folder), answers_for(target)) as project:
            row = project.example()
            sides = dict(zip(("target", "serve"), TARGETS[target](project, key, target)))
            for number in range(rounds + 1):  # the first one fills the caches
                for name, side in sides.items():
                    began = time.perf_counter()
                    with side.start() as url:
                        ready = time.perf_counter() - began
                        request = milliseconds_a_request(url + side.path, key, row)
                    if number:
                        measured = found.setdefault(name, {"ready": [], "request": []})
                        measured["ready"].append(ready)
                        measured["request"].append(request)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--target", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write every single measurement to this file")
    options = parser.parse_args()
    print("| target | ready, s | serve, s | ratio | request, ms | serve, ms | difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    everything = {}
    for target in options.target:
        everything[target] = found = measure(target, options.rounds)
        ready = [median(found[side]["ready"]) for side in ("target", "serve")]
        request = [median(found[side]["request"]) for side in ("target", "serve")]
        print(
            f"| {target} | {ready[0]:.2f} | {ready[1]:.2f} | {ready[0] / ready[1]:.2f} "
            f"| {request[0]:.1f} | {request[1]:.1f} | {request[0] - request[1]:+.1f} |",
            flush=True,
        )
    load = os.getloadavg()[0]
    print(f"\n{options.rounds} rounds by turns, medians; load average {load:.1f} at the end")
    if options.json:
        options.json.write_text(json.dumps(everything, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
