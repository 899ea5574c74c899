"""The editions of the application in this process: on any project, behind a real server."""

import importlib
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Thread
from time import sleep
from types import ModuleType
from typing import Any

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

from mlops_loop import Project

from .places import LIBRARY_TESTS

EDITIONS = LIBRARY_TESTS / "apps"
_numbers = count()


def load_edition(framework: str, project: Project) -> ModuleType:
    """The module `app` of an edition, as if the project were the one of its package."""
    folder = EDITIONS / f"{framework}_app"
    package = f"edition_{next(_numbers)}"
    parent = ModuleType(package)
    parent.__path__ = [str(folder)]
    of_project = ModuleType(f"{package}.project")
    of_project.__dict__["project"] = project
    sys.modules |= {package: parent, f"{package}.project": of_project}
    return importlib.import_module(f"{package}.app")


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The address of a server of an application, in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        run = _run_werkzeug if hasattr(app, "wsgi_app") else _run_uvicorn
        with run(app, listener):
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def _run_uvicorn(app: Any, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app, lifespan="on", ws="none", log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    # The listener accepts connections before the application has started: tests that look at the
    # service itself would meet it half started.
    while not server.started and thread.is_alive():
        sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _run_werkzeug(app: Any, listener: socket.socket) -> Iterator[None]:
    server = make_server(
        "127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, fd=listener.fileno()
    )
    app.extensions["mlops_loop"].start()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        app.extensions["mlops_loop"].close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        pass
