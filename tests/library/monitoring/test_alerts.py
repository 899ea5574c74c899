"""Who is alerted, and what happens to an alert that a receiver did not accept."""

import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial
from pathlib import Path
from shutil import copytree
from time import monotonic
from typing import Any
from urllib.error import URLError

import pytest
from structlog.testing import capture_logs

from mlops_loop._clock import ManualClock
from mlops_loop._file_lock import file_lock
from mlops_loop._project import Project
from mlops_loop._settings_loading import load_settings
from mlops_loop.errors import SettingsError
from mlops_loop.monitoring._alerts import MAX_AGE, Alerts, open_alerts
from mlops_loop.monitoring._receivers import Alert, Receiver, to_apprise, to_file, to_webhook

from ..places import FLIGHTS
from ..projects import project_in
from .listeners import Hook, Mail

# Apprise imports all of its plugins, and what these import is not up to date.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

START = datetime(2024, 3, 1, tzinfo=UTC)
ALERT = Alert(START, "drift: temperature – nearly 40 °C\nreport.html")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def project_with(root: Path, **alerts: Any) -> Project:
    """A project whose settings name receivers."""
    copytree(FLIGHTS / "config", root / "config", dirs_exist_ok=True)
    return project_in(root, ManualClock(START), settings=load_settings(root, alerts=alerts))


def closed_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def pending(folder: Path) -> list[str]:
    """The texts of undelivered alerts."""
    return [json.loads(path.read_text())["text"] for path in sorted(folder.rglob("*.json"))]


def test_a_webhook_is_sent_what_slack_understands(hook: Hook) -> None:
    to_webhook(hook.url, ALERT)
    assert hook.heard == [("application/json", {"text": ALERT.text})]


def test_a_file_takes_one_line_an_alert_and_its_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "var" / "alerts.jsonl"
    to_file(path, ALERT)
    to_file(path, ALERT)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [ALERT.to_json()] * 2


def mail_url(port: int) -> str:
    return (
        f"mailto://127.0.0.1:{port}?mode=insecure&from=loop@example.org"
        "&to=ops@example.org,boss@example.org"
    )


def test_apprise_sends_mail_with_the_finding_as_its_subject(mail: Mail) -> None:
    to_apprise("alerts.apprise.mail", mail_url(mail.port), ALERT)
    message = message_from_bytes(mail.heard[0], policy=default)
    assert message["Subject"] == ALERT.title
    assert "loop@example.org" in message["From"]
    body = message.get_body(("plain", "html"))
    assert body is not None and "report.html" in body.get_content()
    assert {one.partition(">")[0].strip(" <") for one in mail.to} == {
        "ops@example.org",
        "boss@example.org",
    }


def test_apprise_reports_a_service_that_does_not_accept_without_its_secrets(mail: Mail) -> None:
    mail.answer = "552 too much"
    with pytest.raises(OSError, match="did not accept") as failure:
        to_apprise("alerts.apprise.mail", mail_url(mail.port), ALERT)
    assert "example.org" not in str(failure.value)


def test_a_url_that_apprise_does_not_know_is_named_by_its_setting() -> None:
    with pytest.raises(SettingsError, match="^alerts.apprise.chat is not an Apprise URL$"):
        to_apprise("alerts.apprise.chat", "pigeon://user:secret@example", ALERT)


def test_a_webhook_must_be_an_http_address(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="alerts.webhook"):
        project_with(tmp_path, webhook="file:///etc/passwd")


SENT = Alert(START, f"Late Flights: {ALERT.text}")


def test_every_receiver_of_settings_and_project_is_alerted(
    tmp_path: Path, hook: Hook, mail: Mail
) -> None:
    own: list[Alert] = []
    project = project_with(
        tmp_path, file="var/sent.jsonl", webhook=hook.url, apprise={"mail": mail_url(mail.port)}
    )
    with capture_logs() as logs:
        open_alerts(project, [own.append]).send(ALERT.text)
    assert [(entry["log_level"], entry["text"]) for entry in logs] == [("warning", SENT.text)]
    sent = (tmp_path / "var/sent.jsonl").read_text(encoding="utf-8")
    assert json.loads(sent) == SENT.to_json()
    assert hook.heard[0][1] == {"text": SENT.text}
    assert len(mail.heard) == 2 and own == [SENT]  # one message for each address
    assert pending(project.paths.alert_outbox) == []


def test_a_receiver_that_fails_keeps_no_other_from_being_alerted(
    tmp_path: Path, hook: Hook
) -> None:
    project = project_with(tmp_path, file="config/project.yaml/alerts", webhook=hook.url)
    with capture_logs() as logs:
        open_alerts(project).send(ALERT.text)
    assert [entry["log_level"] for entry in logs] == ["warning", "error"]
    assert len(hook.heard) == 1
    assert pending(project.paths.alert_outbox) == [SENT.text]


def alerts_to(receiver: Receiver, folder: Path, clock: ManualClock, timeout: float = 5) -> Alerts:
    return Alerts({"own": receiver}, folder, clock, timeout)


def unavailable(alert: Alert) -> None:
    raise URLError("unavailable")


def test_undelivered_alerts_are_sent_again_in_order(tmp_path: Path, clock: ManualClock) -> None:
    with capture_logs() as logs:
        for text in ("first", "second"):
            alerts_to(unavailable, tmp_path, clock).send(text)
            clock.advance(timedelta(hours=1))
    assert [entry["event"] for entry in logs] == ["alert not delivered"] * 2
    assert pending(tmp_path) == ["first", "second"]
    delivered: list[Alert] = []
    alerts_to(delivered.append, tmp_path, clock).retry()
    assert [(alert.text, alert.time) for alert in delivered] == [
        ("first", START),
        ("second", START + timedelta(hours=1)),
    ]
    assert pending(tmp_path) == []


def test_a_webhook_that_is_unavailable_is_not_named_in_the_log(
    tmp_path: Path, clock: ManualClock
) -> None:
    url = f"http://127.0.0.1:{closed_port()}/secret"
    with capture_logs() as logs:
        alerts_to(lambda alert: to_webhook(url, alert), tmp_path, clock).send("drift")
    assert logs and "secret" not in repr(logs)
    assert pending(tmp_path) == ["drift"]


def test_an_alert_that_is_rejected_holds_up_no_later_one(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    alerts = alerts_to(lambda alert: to_webhook(hook.url, alert), tmp_path, clock)
    hook.statuses = [503, 503, 413]
    with capture_logs():
        alerts.send("too long")
        alerts.send("short")
        alerts.retry()
    assert pending(tmp_path) == ["too long"]
    assert hook.heard[-1][1] == {"text": "short"}


def test_an_alert_is_not_kept_for_ever(tmp_path: Path, clock: ManualClock) -> None:
    alerts = alerts_to(unavailable, tmp_path, clock)
    with capture_logs():
        alerts.send("old news")
        alerts.retry()
        assert pending(tmp_path) == ["old news"]
        clock.advance(MAX_AGE + timedelta(hours=1))
        alerts.retry()
    assert pending(tmp_path) == []


def cut(path: Path) -> None:
    path.write_text('{"time": "2024')


def empty(path: Path) -> None:
    path.touch()


def not_text(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def deeply_nested(path: Path) -> None:
    path.write_text('{"a":' * 100_000)


def folder(path: Path) -> None:
    (path / "inside").mkdir(parents=True)


@pytest.mark.parametrize("damage", [cut, empty, not_text, deeply_nested, folder])
def test_a_damaged_file_holds_up_no_other(
    tmp_path: Path, clock: ManualClock, damage: Callable[[Path], None]
) -> None:
    delivered: list[Alert] = []
    with capture_logs() as logs:
        alerts_to(unavailable, tmp_path, clock).send("good")
        damage(tmp_path / "own" / "0.json")
        alerts_to(delivered.append, tmp_path, clock).retry()
    assert [alert.text for alert in delivered] == ["good"]
    assert logs[-1]["event"] == "damaged alert"
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["0.damaged"]


def test_a_dripping_webhook_takes_one_deadline_of_a_step(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    delivered: list[Alert] = []
    receivers: dict[str, Receiver] = {
        "hook": partial(to_webhook, hook.url),
        "own": delivered.append,
    }
    alerts = Alerts(receivers, tmp_path, clock, timeout=0.3)
    hook.statuses = [503] * 3
    with capture_logs():
        for text in ("a", "b", "c"):
            alerts.send(text)
        hook.dripping = True
        started = monotonic()
        alerts.retry()
        for text in ("d", "e", "f"):
            # As the loop does it: each alert with receivers of its own.
            Alerts(receivers, tmp_path, clock, timeout=0.3).send(text)
        took = monotonic() - started
    assert took < 1, took
    assert [alert.text for alert in delivered] == [*"abcdef"]
    assert pending(tmp_path) == [*"abcdef"]
    assert len(hook.heard) == 4
    assert sum("alerts of" in thread.name for thread in threading.enumerate()) == 1


def test_receivers_that_hang_share_one_deadline(tmp_path: Path, clock: ManualClock) -> None:
    released = threading.Event()

    def hang(alert: Alert) -> None:
        released.wait()

    receivers: dict[str, Receiver] = {f"hung {number}": hang for number in range(5)}
    started = monotonic()
    with capture_logs():
        Alerts(receivers, tmp_path, clock, timeout=0.2).send("drift")
    released.set()
    assert monotonic() - started < 0.8
    assert pending(tmp_path) == ["drift"] * 5


def test_the_body_of_a_response_is_not_waited_for(hook: Hook) -> None:
    hook.body = 10**12
    to_webhook(hook.url, ALERT)
    assert len(hook.heard) == 1


def test_a_receiver_that_hangs_is_given_up_after_the_timeout(
    tmp_path: Path, clock: ManualClock
) -> None:
    released = threading.Event()

    def hang(alert: Alert) -> None:
        released.wait()

    with capture_logs() as logs:
        alerts_to(hang, tmp_path, clock, timeout=0.05).send("drift")
    released.set()
    assert logs[0]["error"] == "no answer within 0.05 seconds"
    assert pending(tmp_path) == ["drift"]


def test_two_processes_do_not_retry_the_same_alert(tmp_path: Path, clock: ManualClock) -> None:
    delivered: list[Alert] = []
    with capture_logs():
        alerts_to(unavailable, tmp_path, clock).send("drift")
    retry: Callable[[], None] = alerts_to(delivered.append, tmp_path, clock).retry
    with file_lock(tmp_path / "lock"):
        retry()
        assert delivered == []
    retry()
    assert [alert.text for alert in delivered] == ["drift"]
