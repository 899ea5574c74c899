"""The project's own data against its contract."""

import shutil
from collections.abc import Callable

import numpy as np
import pytest

from mlops_loop._settings import CONTRACT, Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract import Contract, load_contract
from mlops_loop.contract._arrow import arrow_schema
from mlops_loop.contract._columns import Columns
from mlops_loop.data._ingestion import Ingested, ingest
from mlops_loop.evaluation._target import encode_target

from ..places import FLIGHTS

ROOT = FLIGHTS


@pytest.fixture(scope="module")
def settings(
    tmp_path_factory: pytest.TempPathFactory,
    from_anywhere: Callable[[str], str],
) -> Settings:
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "config", root / "config")
    source = load_settings(root).source
    return load_settings(root, source=from_anywhere(source))


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT / CONTRACT)


@pytest.fixture(scope="module")
def ingested(settings: Settings, contract: Contract) -> Ingested:
    return ingest(settings, contract)


@pytest.fixture(scope="module")
def columns(ingested: Ingested, contract: Contract) -> Columns:
    return ingested.snapshot.columns(contract)


def test_the_source_keeps_the_contract(ingested: Ingested, contract: Contract) -> None:
    assert ingested.snapshot.table().schema == arrow_schema(contract)
    assert ingested.rows > 0


def test_there_is_something_to_tell_apart(columns: Columns, contract: Contract) -> None:
    assert len(np.unique(encode_target(contract, columns))) > 1


def test_a_name_stands_for_one_row(columns: Columns, contract: Contract) -> None:
    if contract.id is not None:
        names = columns[contract.id.name]
        assert len(set(names.tolist())) == len(names)


def test_time_goes_forward(columns: Columns, contract: Contract) -> None:
    if contract.time is not None:
        assert (np.diff(columns[contract.time.name]) >= np.timedelta64(0, "us")).all()
