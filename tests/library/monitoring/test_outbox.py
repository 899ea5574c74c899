"""What waits for a receiver that is away."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mlops_loop.clock import ManualClock
from mlops_loop.file_lock import file_lock
from mlops_loop.monitoring.alert_retries import retry_pending_alerts
from mlops_loop.monitoring.alerts import open_alerts
from mlops_loop.monitoring.outbox import KEPT, Outbox
from mlops_loop.monitoring.receivers import Alert, WebhookReceiver

from .listeners import Hook
from .world import World

START = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def outbox(folder: Path, url: str, clock: ManualClock) -> Outbox:
    return Outbox(folder, {"webhook": WebhookReceiver(url, timeout=0.5)}, clock)


def nobody() -> str:
    """An address on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/secret"


def waiting(folder: Path) -> int:
    return len(list(folder.rglob("*.json")))


def test_what_could_not_be_delivered_is_told_in_order_when_the_receiver_is_back(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    away = outbox(tmp_path, nobody(), clock)
    with capture_logs() as logs:
        for text in ("first", "second"):
            away.send(Alert(clock.now(), text))
            clock.advance(timedelta(hours=1))
    # One attempt each time: the second alert waits behind the first.
    assert [entry["event"] for entry in logs] == ["alert waits"] * 2
    assert "secret" not in repr(logs)
    assert waiting(tmp_path) == 2
    outbox(tmp_path, hook.url, clock).deliver()
    assert [body for _, body in hook.heard] == [{"text": "first"}, {"text": "second"}]
    assert waiting(tmp_path) == 0


def test_a_server_that_stumbles_is_asked_again_next_time(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    hook.statuses = [503]
    box = outbox(tmp_path, hook.url, clock)
    with capture_logs():
        box.send(Alert(clock.now(), "drift"))
    assert waiting(tmp_path) == 1
    box.deliver()
    assert len(hook.heard) == 2 and waiting(tmp_path) == 0


def test_what_is_refused_for_good_does_not_hold_up_the_rest(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    hook.statuses = [413]
    box = outbox(tmp_path, hook.url, clock)
    with capture_logs() as logs:
        box.send(Alert(clock.now(), "much too long"))
    assert [entry["event"] for entry in logs] == ["alert not delivered"]
    box.send(Alert(clock.now(), "short"))
    assert hook.heard[-1][1] == {"text": "short"} and waiting(tmp_path) == 0


def test_an_alert_does_not_wait_for_ever(tmp_path: Path, clock: ManualClock) -> None:
    box = outbox(tmp_path, nobody(), clock)
    with capture_logs() as logs:
        box.send(Alert(clock.now(), "old news"))
        clock.advance(KEPT + timedelta(hours=1))
        box.deliver()
    assert [entry["event"] for entry in logs] == ["alert waits", "alert not delivered"]
    assert waiting(tmp_path) == 0


def test_two_processes_do_not_deliver_the_same_alert(
    tmp_path: Path, hook: Hook, clock: ManualClock
) -> None:
    box = outbox(tmp_path, hook.url, clock)
    with file_lock(tmp_path / "webhook.lock"):
        box.send(Alert(clock.now(), "drift"))
        assert hook.heard == []
    box.deliver()
    assert len(hook.heard) == 1


def test_the_next_command_delivers_what_waits(world: World, hook: Hook) -> None:
    def told_to(url: str) -> None:
        nonlocal settings
        settings = settings.model_copy(
            update={"alerts": settings.alerts.model_copy(update={"webhook": url})}
        )

    settings = world.settings
    retry_pending_alerts(settings)
    assert not settings.paths.alert_outbox.exists()
    told_to(nobody())
    with capture_logs():
        open_alerts(settings).send("drift")
    told_to(hook.url)
    retry_pending_alerts(settings)
    assert [body for _, body in hook.heard] == [{"text": "drift"}]
