"""Engines: results in order, exceptions as they were raised, and one sentence if one fails."""

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest
from distributed import Client

from mlops_loop._partition_results import PartitionResults
from mlops_loop._settings_loading import load_settings
from mlops_loop.engines import open_engine
from mlops_loop.engines._dask import DaskEngine
from mlops_loop.errors import EngineError, EngineUnavailableError, SettingsError, SourceError

from ..places import FLIGHTS
from .calls import DiesOnce, Loaded, Locked, double, odd, process, slow_for_small
from .clusters import cluster


@pytest.fixture(params=["local", "dask"])
def address(request: pytest.FixtureRequest) -> str:
    return "local" if request.param == "local" else request.getfixturevalue("dask")


def test_results_come_in_the_order_of_the_items(address: str) -> None:
    with open_engine(address) as engine:
        assert list(engine.map(double, range(30))) == list(range(0, 60, 2))
        assert list(engine.map(slow_for_small, range(4))) == [0, 1, 2, 3]
        assert list(engine.map(double, [])) == []


def test_an_exception_is_raised_as_it_was_on_the_worker(address: str) -> None:
    with open_engine(address) as engine:
        results = engine.map(odd, [1, 3, 4, 5])
        assert [next(results), next(results)] == [1, 3]
        with pytest.raises(SourceError, match="^4 is even$"):
            next(results)
        with pytest.raises(ZeroDivisionError):
            list(engine.map(odd, [0]))


def test_two_processes_share_the_work_and_load_the_function_once(dask: str) -> None:
    with open_engine(dask) as engine:
        assert engine.workers == 2
        assert len(set(engine.map(process, range(50))) - {os.getpid()}) == 2
        tokens = set(engine.map(Loaded(), range(20)))
        assert len(tokens) == len({process for process, _ in tokens}) == 2


def test_a_setting_that_is_no_engine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("dask", "dask://host", "dask://local?workers=0", "ray://host:1", "local:1"):
        monkeypatch.setenv("MLOPS_LOOP__ENGINE", address)
        with pytest.raises(SettingsError, match=r"invalid engine .*: expected local, dask://HOST"):
            load_settings(FLIGHTS)


def test_an_engine_that_nobody_runs_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"dask://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(EngineUnavailableError, match=rf"^the engine {address} cannot be reached"):
        with open_engine(address):
            pass


def test_a_scheduler_without_workers_is_named() -> None:
    with cluster(0) as address:
        with pytest.raises(EngineUnavailableError, match=rf"^the engine {address} has no workers"):
            with open_engine(address):
                pass


def test_a_function_that_cannot_be_pickled_is_named(dask: str) -> None:
    with open_engine(dask) as engine:
        with pytest.raises(EngineError, match=r"^this work cannot be sent .*\bat the first call$"):
            list(engine.map(Locked(), [1]))


def test_processes_of_a_command_take_no_orders_from_others() -> None:
    with open_engine("dask://local?workers=1") as engine:
        assert isinstance(engine, DaskEngine)
        address = engine.client.scheduler.address
        assert address.startswith("tls://")
        for scheme in ("tcp", "tls"):
            with pytest.raises((OSError, TypeError)):
                Client(address.replace("tls", scheme), timeout="2s", set_as_default=False)


@pytest.mark.parametrize(("kind", "module"), [("dask", "distributed"), ("spark", "pyspark")])
def test_a_package_that_is_missing_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    monkeypatch.delitem(sys.modules, f"mlops_loop.engines._{kind}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EngineError, match=f"run `make add PACKAGE={kind}`$"):
        open_engine(f"{kind}://local")


def test_a_worker_that_does_not_see_the_folder_is_named(tmp_path: Path) -> None:
    results = PartitionResults.of(tmp_path / "elsewhere", "job")
    shutil.rmtree(results.folder)
    with pytest.raises(EngineError, match=rf"^a worker on .* cannot see {results.folder}: "):
        with results.draft(0):
            pass


@pytest.mark.real
def test_a_call_whose_worker_dies_is_made_again(tmp_path: Path) -> None:
    with open_engine("dask://local?workers=2") as engine:
        assert engine.workers == 2
        assert list(engine.map(DiesOnce(tmp_path), range(8))) == list(range(8))
    assert (tmp_path / "died").exists()


@pytest.mark.real
def test_spark_gives_results_in_order_and_makes_calls_again(spark: str, tmp_path: Path) -> None:
    with open_engine(spark) as engine:
        assert engine.workers == 2
        assert list(engine.map(DiesOnce(tmp_path), range(8))) == list(range(8))
        assert list(engine.map(slow_for_small, range(4))) == [0, 1, 2, 3]
        with pytest.raises(SourceError, match="^4 is even$"):
            list(engine.map(odd, [1, 3, 4, 5]))
    assert (tmp_path / "died").exists()


@pytest.mark.real
def test_a_master_of_spark_that_nobody_runs_is_named(spark: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"spark://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(EngineError, match=rf"^the engine {address} cannot be reached"):
        with open_engine(address):
            pass
