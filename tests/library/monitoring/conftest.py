"""A project to monitor, and those who are told."""

import shutil
import socketserver
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mlops_loop._clock import ManualClock
from mlops_loop._settings_loading import load_settings
from mlops_loop.prediction_log import open_prediction_log

from ..places import FLIGHTS
from .listeners import Hook, Mail
from .world import NOW, THRESHOLDS, World, make_bundle


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    shutil.copytree(FLIGHTS / "config", tmp_path / "config")
    settings = load_settings(tmp_path, monitoring=THRESHOLDS)
    log = open_prediction_log("sqlite:///log.db", root=tmp_path)
    bundle = make_bundle(tmp_path / "bundle")
    yield World(settings, log, bundle, ManualClock(NOW + timedelta(days=1)))
    log.close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = hook.answer(self)
            if hook.dripping:
                return hook.drip(self)
            self.send_response(status)
            self.send_header("Content-Length", str(hook.body))
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/services/secret"
    yield hook
    hook.dripping = False
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mail() -> Iterator[Mail]:
    mail = Mail()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            mail.talk(self)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        mail.port = server.server_address[1]
        yield mail
        server.shutdown()
        thread.join()
