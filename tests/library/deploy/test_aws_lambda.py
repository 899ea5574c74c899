"""AWS Lambda: the application behind `awslambdaric`, asked over HTTP through its events."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from flights.features import FEATURES

from mlops_loop._publication import open_bundle_store
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.testing import HttpContract

from ..places import FLIGHTS, PROJECT_PACKAGE
from ..publisher import Publisher
from .lambda_emulator import LambdaEmulator

KEY = "k-" + "0123456789abcdef" * 2
HANDLER = PROJECT_PACKAGE.parents[1] / "deploy/aws_lambda/handler.py"
# Routes that show what an adapter has to carry, and what goes wrong.
ROUTES = {
    "fastapi": """
import asyncio, time
from fastapi import Request, Response

def load_app():
    from fastapi_app.app import app

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        response = Response(await request.body(), media_type="application/octet-stream")
        response.set_cookie("a", request.cookies.get("a", ""))
        response.set_cookie("b", request.query_params.get("b", ""))
        return response

    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("boom")

    @app.get("/wait")
    async def wait() -> None:
        await asyncio.sleep(60)

    @app.get("/spin")
    async def spin() -> None:
        time.sleep(60)

    return app
""",
    "flask": """
import time
from flask import Response, request

def load_app():
    from flask_app.app import app

    @app.post("/echo")
    def echo():
        response = Response(request.get_data(), mimetype="application/octet-stream")
        response.set_cookie("a", request.cookies.get("a", ""))
        response.set_cookie("b", request.args.get("b", ""))
        return response

    @app.get("/fault")
    def fault():
        raise RuntimeError("boom")

    @app.get("/wait")
    def wait():
        time.sleep(3)

    @app.get("/spin")
    def spin():
        import os
        os.kill(os.getpid(), 19)

    return app
""",
}
ENTRY = """
from mlops_loop.deploy.aws_lambda import lambda_handler
from routes import load_app

handler = lambda_handler(load_app)
"""


@dataclass
class FunctionProcess:
    """`awslambdaric` in a process of its own."""

    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass
class Function:
    """A function of the flights project."""

    emulator: LambdaEmulator
    publisher: Publisher
    log: Path
    row: dict[str, Any]

    def client(self, url: str = "") -> httpx.Client:
        return httpx.Client(
            base_url=url or self.emulator.function_url, headers={"X-API-Key": KEY}, timeout=20
        )


@contextmanager
def function(
    folder: Path, framework: str, entry: str | None = None, *, timeout: float = 30, **settings: str
) -> Iterator[Function]:
    """A function with version 1 published; `entry` replaces the rendered handler.py."""
    package = f"{framework}_app"
    shutil.copytree(FLIGHTS / "config", folder / "config")
    configured = load_settings(folder)
    store = open_bundle_store(configured.bundle_store, folder)
    publisher = Publisher(folder, store, configured.contract(), FEATURES)
    publisher.publish("1")
    publisher.point("1")
    rendered = HANDLER.read_text().replace("{{ cookiecutter.package_name }}", package)
    (folder / "handler.py").write_text(rendered if entry is None else entry)
    (folder / "routes.py").write_text(ROUTES[framework])
    settings = {
        "ROOT": str(folder),
        "SERVING__API_KEYS": f'["{KEY}"]',
        "SERVING__WATCH_INTERVAL": "10ms",
        **settings,
    }
    environ = {f"{package.upper()}__{name}": value for name, value in settings.items()}
    log = folder / "function.log"

    def start(address: str) -> FunctionProcess:
        with log.open("ab") as output:
            return FunctionProcess(
                subprocess.Popen(
                    [sys.executable, "-m", "awslambdaric", "handler.handler"],
                    cwd=folder,
                    env={**os.environ, **environ, "AWS_LAMBDA_RUNTIME_API": address},
                    stdout=output,
                    stderr=output,
                )
            )

    with LambdaEmulator(start, timeout=timeout) as emulator:
        row = dict(example_row(publisher.contract))
        yield Function(emulator, publisher, log, row)


@pytest.fixture(scope="module", params=["fastapi", "flask"])
def deployed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Function]:
    """The rendered handler of each framework."""
    with function(tmp_path_factory.mktemp("lambda"), request.param) as running:
        yield running


@pytest.fixture(params=["api_gateway", "function_url"])
def client(deployed: Function, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client of each way to invoke it."""
    with deployed.client(getattr(deployed.emulator, request.param)) as client:
        yield client


class TestHttpContract(HttpContract):
    pass
