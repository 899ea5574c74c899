import json
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from http.client import HTTPException
from pathlib import Path
from shutil import copytree

import pytest
from structlog.testing import capture_logs

from mlops_loop.clock import ManualClock
from mlops_loop.errors import SettingsError
from mlops_loop.monitoring.alerts import open_alerts
from mlops_loop.monitoring.mail import MailReceiver, open_mail
from mlops_loop.monitoring.receivers import (
    Alert,
    FileReceiver,
    LogReceiver,
    PermanentDeliveryError,
    WebhookReceiver,
    open_receiver,
)
from mlops_loop.settings import load_settings

from ..places import FLIGHTS
from .listeners import Hook, Mail

ALERT = Alert(datetime(2024, 3, 1, tzinfo=UTC), "drift: temperature – nearly 40 °C\nreport.html")


def test_a_webhook_is_told_in_the_way_slack_understands(hook: Hook) -> None:
    WebhookReceiver(hook.url).send(ALERT)
    assert hook.heard == [("application/json", {"text": ALERT.text})]


def test_a_webhook_that_will_never_take_a_message_says_so(hook: Hook) -> None:
    hook.statuses = [400, 404]
    with pytest.raises(PermanentDeliveryError, match="400"):
        WebhookReceiver(hook.url).send(ALERT)
    with pytest.raises(OSError, match="404"):
        WebhookReceiver(hook.url).send(ALERT)


def test_a_mail_has_the_finding_as_its_subject_and_goes_to_all(mail: Mail) -> None:
    address = f"smtp://127.0.0.1:{mail.port}/ops@example.org,boss@example.org?from=loop@example.org"
    receiver = open_receiver(address, Path())
    receiver.send(ALERT)
    message = message_from_bytes(mail.heard[0], policy=default)
    assert message["Subject"] == "drift: temperature – nearly 40 °C"
    assert message["From"] == "loop@example.org"
    assert message["Date"].datetime == ALERT.time
    assert message.get_content().splitlines() == ALERT.text.splitlines()
    assert [one.strip("<>") for one in mail.to] == ["ops@example.org", "boss@example.org"]


def test_a_mail_server_that_refuses_says_whether_to_try_again(mail: Mail) -> None:
    receiver = open_mail(f"smtp://127.0.0.1:{mail.port}/ops@example.org")
    mail.answer = "451 later"
    with pytest.raises((OSError, HTTPException)):
        receiver.send(ALERT)
    mail.answer = "552 too much"
    with pytest.raises(PermanentDeliveryError, match="552"):
        receiver.send(ALERT)


def test_a_password_is_not_sent_without_tls(mail: Mail) -> None:
    receiver = open_mail(f"smtp://user:secret@127.0.0.1:{mail.port}/ops@example.org")
    with pytest.raises(HTTPException, match="no TLS"):
        receiver.send(ALERT)
    assert mail.heard == [] and "secret" not in receiver.name


@pytest.mark.parametrize("address", ["smtp://example.org", "smtps:///a@b", "smtp://host/nobody"])
def test_a_mail_address_without_host_or_reader_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="needs a host and who shall read it"):
        open_mail(address)


def test_a_file_takes_one_line_an_alert_and_its_folder_is_made(tmp_path: Path) -> None:
    receiver = FileReceiver(tmp_path / "var" / "alerts.jsonl")
    receiver.send(ALERT)
    receiver.send(ALERT)
    lines = (tmp_path / "var" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [ALERT.to_json()] * 2


def test_the_address_chooses_the_receiver(tmp_path: Path) -> None:
    assert isinstance(open_receiver("log:", tmp_path), LogReceiver)
    assert isinstance(open_receiver("https://hooks.example/x", tmp_path), WebhookReceiver)
    assert isinstance(open_receiver("smtps://example.org/a@example.org", tmp_path), MailReceiver)
    assert isinstance(open_receiver("var/alerts.jsonl", tmp_path), FileReceiver)
    with pytest.raises(SettingsError, match="nothing here knows pigeon://"):
        open_receiver("pigeon://user:secret@example", tmp_path)


def test_every_receiver_of_the_settings_is_told(tmp_path: Path, hook: Hook, mail: Mail) -> None:
    copytree(FLIGHTS / "config", tmp_path / "config")
    addresses = {
        "file": "var/told.jsonl",
        "webhook": hook.url,
        "email": f"smtp://127.0.0.1:{mail.port}/ops@example.org",
    }
    settings = load_settings(tmp_path, alerts=addresses)
    with capture_logs() as logs:
        open_alerts(settings, ManualClock(ALERT.time)).send(ALERT.text)
    assert [(entry["log_level"], entry["text"]) for entry in logs] == [("warning", ALERT.text)]
    told = (tmp_path / "var" / "told.jsonl").read_text(encoding="utf-8")
    assert json.loads(told) == ALERT.to_json()
    assert hook.heard[0][1] == {"text": ALERT.text}
    assert len(mail.heard) == 1
    assert not list((tmp_path / "var").rglob("outbox/*/*.json"))


def test_a_file_that_cannot_be_written_keeps_nobody_else_from_hearing(
    tmp_path: Path, hook: "Hook"
) -> None:
    copytree(FLIGHTS / "config", tmp_path / "config")
    addresses = {"file": str(Path("config/project.yaml") / "alerts"), "webhook": hook.url}
    with capture_logs() as logs:
        open_alerts(load_settings(tmp_path, alerts=addresses)).send(ALERT.text)
    assert [entry["log_level"] for entry in logs] == ["warning", "error"]
    assert len(hook.heard) == 1
