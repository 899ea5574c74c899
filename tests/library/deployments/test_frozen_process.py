"""Between the invocations of a process that its platform freezes, `refresh` follows the pointer."""

from datetime import timedelta
from threading import Thread, enumerate
from typing import Any

import pytest

from mlops_loop._publication import Pointer
from mlops_loop.deploy._application import service_of
from mlops_loop.serving._deployment_manager import DeploymentManager

from ..applications import load_edition
from .answers import Seconds


def champion(deployments: DeploymentManager) -> str:
    assert deployments.deployment is not None
    return deployments.deployment.champion.version


def test_the_pointer_is_looked_at_once_an_interval(
    deployments: DeploymentManager, publisher: Any, seconds: Seconds
) -> None:
    for version in "12":
        publisher.publish(version)
    publisher.point("1")
    deployments.refresh_if_older(30)
    publisher.point("2")
    seconds.value = 29
    deployments.refresh_if_older(30)
    assert champion(deployments) == "1"
    seconds.value = 30
    deployments.refresh_if_older(30)
    assert champion(deployments) == "2"
    publisher.point("1")
    seconds.value = 10  # the clock was set back
    deployments.refresh_if_older(30)
    assert champion(deployments) == "1"


def test_a_store_that_hangs_is_asked_rarely(
    deployments: DeploymentManager,
    publisher: Any,
    seconds: Seconds,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []

    def hang() -> object:
        looks.append(seconds.value)
        seconds.value += 5
        raise TimeoutError

    monkeypatch.setattr(publisher.store, "stamp", hang)
    for _ in range(200):
        seconds.value += 1
        deployments.refresh_if_older(1)
    assert looks == [1, 56, 111, 166]


def test_others_do_not_wait_for_a_look(
    deployments: DeploymentManager, publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_while_looking() -> object:
        other = Thread(target=deployments.refresh_if_older, args=(0,))
        other.start()
        other.join(10)
        assert not other.is_alive()
        return None

    monkeypatch.setattr(publisher.store, "stamp", look_while_looking)
    monkeypatch.setattr(publisher.store, "pointer", Pointer)
    deployments.refresh_if_older(0)
    assert deployments.failures == ()


def test_a_service_without_a_watcher_follows_when_it_is_told(
    framework: str, shop_project: Any, publisher: Any
) -> None:
    for version in "12":
        publisher.publish(version)
    publisher.point("1")
    app = load_edition(framework, shop_project(watch_interval=timedelta(0))).app
    service = service_of(app)
    service.watches = False
    before = set(enumerate())  # other tests leave services behind
    service.start()
    try:
        assert "pointer-watcher" not in {thread.name for thread in set(enumerate()) - before}
        publisher.point("2")
        assert service.versions == {"champion": "1"}
        service.refresh()
        assert service.versions == {"champion": "2"}
    finally:
        service.close()
