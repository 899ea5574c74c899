"""What an address may ask for."""

from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop import prediction_log
from mlops_loop.errors import SettingsError
from mlops_loop.prediction_log import Counts, open_prediction_log

from ..services import STORES
from .records import record


def with_option(address: str, option: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{option}"


def test_with_best_effort_nobody_waits(address: str, tmp_path: Path) -> None:
    log = open_prediction_log(with_option(address, "durability=best_effort"), root=tmp_path)
    assert all(log.append([record(f"p{number}")]).done() for number in range(50))
    log.close()
    with closing(open_prediction_log(address, root=tmp_path)) as log:
        assert log.totals() == Counts(50, 0)


@pytest.mark.parametrize("option", ["durability=some", "durabilty=acknowledged"])
def test_an_option_that_makes_no_sense_is_refused(
    address: str, option: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="durability"):
        open_prediction_log(with_option(address, option), root=tmp_path)


@pytest.mark.parametrize(
    ("unknown", "reason"),
    [
        *((f"{scheme}://x", "no store for") for scheme in ("nosql", "postgresqls", "records")),
        ("sqlites:///x.db", "no store for"),
        ("var/predictions.db", "expected an address with ://"),
        ("", "expected an address with ://"),
    ],
)
def test_an_address_without_a_store_names_those_there_are(
    unknown: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=f"{reason}.*this project has .*://"):
        open_prediction_log(unknown, root=tmp_path)


def test_every_store_of_the_project_is_tested_here() -> None:
    assert set(prediction_log.stores()) == set(STORES)


def test_redis_over_tls_is_redis() -> None:
    assert prediction_log.store_of("rediss://localhost") == "redis"


def test_postgres_is_another_name_of_postgresql() -> None:
    assert prediction_log.store_of("postgres://localhost") == "postgresql"
