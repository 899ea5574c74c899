import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from mlops_loop._bundle import CONTRACT, read_bundle, write_bundle
from mlops_loop.contract._columns import Columns
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.serving import _deployment_manager as deployment_manager
from mlops_loop.serving._deployment_manager import DeploymentManager, PointerWatcher

from .answers import Seconds, answered, reasons


def test_with_nothing_published_nothing_serves(deployments: DeploymentManager) -> None:
    deployments.refresh()
    assert deployments.deployment is None
    assert deployments.failures == ()


def test_the_pointer_is_followed(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"1"}
    publisher.point("2")
    deployments.refresh()
    assert {row[0].version for row in answered(deployments, columns)} == {"2"}


def test_a_model_that_cannot_predict_the_example_is_rejected(
    deployments: DeploymentManager, publisher: Any
) -> None:
    publisher.publish("1", columns=99)
    publisher.point("1")
    deployments.refresh()
    assert deployments.deployment is None
    assert "version 1 cannot serve" in reasons(deployments)


def test_a_model_of_another_contract_than_it_came_with_is_rejected(
    deployments: DeploymentManager, publisher: Any
) -> None:
    publisher.publish("1")
    folder = publisher.store.fetch("1")
    bundle = read_bundle(folder)
    other = b"{problem: binary, label_horizon: 1d, columns: {size: {type: number}, "
    other += b"returned: {type: boolean, role: target}}}"
    files = {name: bundle.read(name) for name in bundle.manifest.files} | {CONTRACT: other}
    write_bundle(folder, bundle.manifest, files)
    publisher.point("1")
    deployments.refresh()
    assert deployments.deployment is None
    assert re.search("needs the column .* which its contract does not have", reasons(deployments))


def test_a_missing_version_is_loaded_when_it_is_published(
    deployments: DeploymentManager, publisher: Any, seconds: Seconds
) -> None:
    publisher.point("1")
    deployments.refresh()
    assert "not published" in reasons(deployments)
    publisher.publish("1")
    seconds.value = 60
    deployments.refresh()
    assert deployments.deployment is not None
    assert deployments.failures == ()


def test_a_challenger_that_needs_other_columns_is_rejected(
    deployments: DeploymentManager, publisher: Any, shop: Contract, columns: Columns
) -> None:
    text = shop.text.replace("  returned:", "  weight: {type: number, example: 1.0}\n  returned:")
    publisher.publish("1")
    publisher.publish("2", contract=parse_contract(text))
    publisher.point("1", "2")
    deployments.refresh()
    assert deployments.deployment is not None and deployments.deployment.challenger is None
    assert "needs the column weight" in reasons(deployments)


def test_a_watched_pointer_is_followed_while_requests_run(
    deployments: DeploymentManager, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    deployments.refresh()
    watcher = PointerWatcher(deployments, interval=0.005)
    watcher.start()
    done = Event()

    def call() -> set[str]:
        seen = set()
        while not done.is_set():
            versions = {row[0].version for row in answered(deployments, columns)}
            assert len(versions) == 1
            seen |= versions
        return seen

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(call) for _ in range(2)]
        for number in range(20):
            publisher.point("12"[number % 2])
            time.sleep(0.01)
        done.set()
        assert [call.result() for call in calls] == [{"1", "2"}] * 2
    watcher.stop()


def test_a_store_that_hangs_does_not_hold_up_the_end(
    deployments: DeploymentManager, publisher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment_manager, "_STOP_SECONDS", 0.05)
    asked, released = Event(), Event()

    def hang() -> object:
        asked.set()
        released.wait(20)
        return None

    monkeypatch.setattr(publisher.store, "stamp", hang)
    watcher = PointerWatcher(deployments, interval=0.005)
    watcher.start()
    assert asked.wait(10)
    started = time.monotonic()
    watcher.stop()
    assert time.monotonic() - started < 5
    released.set()
    watcher.stop()
