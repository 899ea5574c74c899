import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree

import pytest
from structlog.testing import capture_logs

from {{ cookiecutter.package_name }}.clock import ManualClock
from {{ cookiecutter.package_name }}.errors import SettingsError
from {{ cookiecutter.package_name }}.monitoring.alerts import (
    Alert,
    FileReceiver,
    LogReceiver,
    WebhookReceiver,
    open_alerts,
    open_receiver,
    send_all,
)
from {{ cookiecutter.package_name }}.settings import load_settings

ALERT = Alert(datetime(2024, 3, 1, tzinfo=UTC), "drift: temperature – nearly 40 °C")


@dataclass
class Hook:
    """A real HTTP server that answers with the statuses it is given, then with 200."""

    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, object]] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> int:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.heard.append((request.headers["Content-Type"], json.loads(body)))
        return self.statuses.pop(0) if self.statuses else 200


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(hook.answer(self))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/services/secret"
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_told_in_the_way_slack_understands(hook: Hook) -> None:
    WebhookReceiver(hook.url).send(ALERT)
    assert hook.heard == [("application/json", {"text": ALERT.text})]


def test_a_webhook_that_stumbles_is_tried_again(hook: Hook) -> None:
    hook.statuses = [503, 429]
    WebhookReceiver(hook.url, pause=0).send(ALERT)
    assert len(hook.heard) == 3


def test_a_webhook_that_does_not_know_us_is_not_asked_again(hook: Hook) -> None:
    hook.statuses = [404]
    with capture_logs() as logs:
        send_all([WebhookReceiver(hook.url, pause=0)], ALERT)
    assert len(hook.heard) == 1
    assert logs[0]["event"] == "alert not delivered"


def test_a_failing_receiver_is_logged_and_the_others_hear_of_it(tmp_path: Path) -> None:
    nobody = WebhookReceiver("http://127.0.0.1:9/secret", timeout=0.5, pause=0)
    with capture_logs() as logs:
        send_all([nobody, FileReceiver(tmp_path / "alerts.jsonl")], ALERT)
    assert [entry["log_level"] for entry in logs] == ["error"]
    assert logs[0]["text"] == ALERT.text
    assert "secret" not in repr(logs)
    assert (tmp_path / "alerts.jsonl").exists()


def test_a_file_takes_one_line_an_alert_and_its_folder_is_made(tmp_path: Path) -> None:
    receiver = FileReceiver(tmp_path / "var" / "alerts.jsonl")
    receiver.send(ALERT)
    receiver.send(ALERT)
    lines = (tmp_path / "var" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [ALERT.to_json()] * 2


def test_the_address_chooses_the_receiver(tmp_path: Path) -> None:
    assert isinstance(open_receiver("log:", tmp_path), LogReceiver)
    assert isinstance(open_receiver("https://hooks.example/x", tmp_path), WebhookReceiver)
    assert isinstance(open_receiver("var/alerts.jsonl", tmp_path), FileReceiver)
    with pytest.raises(SettingsError, match="nothing here knows smtp://"):
        open_receiver("smtp://user:secret@example", tmp_path)


def test_every_receiver_of_the_settings_is_told(tmp_path: Path, hook: Hook) -> None:
    copytree(Path(__file__).parents[2] / "config", tmp_path / "config")
    addresses = {"file": "var/told.jsonl", "webhook": hook.url}
    settings = load_settings(tmp_path, alerts=addresses)
    with capture_logs() as logs:
        open_alerts(settings, ManualClock(ALERT.time))(ALERT.text)
    assert [(entry["log_level"], entry["text"]) for entry in logs] == [("warning", ALERT.text)]
    told = (tmp_path / "var" / "told.jsonl").read_text(encoding="utf-8")
    assert json.loads(told) == ALERT.to_json()
    assert hook.heard[0][1] == {"text": ALERT.text}
