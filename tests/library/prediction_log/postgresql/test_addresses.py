"""An address that leads nowhere is refused with the next step."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from mlops_loop.errors import SettingsError, StoreError, StoreUnavailableError
from mlops_loop.prediction_log import Counts, open_prediction_log
from mlops_loop.prediction_log._sql.postgresql_errors import explain_postgresql_error

from ...store_server import opened
from ...stores.postgresql import Server


def test_without_a_server_one_is_told_how_to_start_it(server: Server) -> None:
    server.stop()
    address = f"postgresql://someone:secret@127.0.0.1:{server.port}/flights?name=log"
    with pytest.raises(StoreError) as caught:
        opened(address)
    server.start()
    said = str(caught.value)
    assert f"prediction log postgresql://someone@127.0.0.1:{server.port}/flights:" in said
    assert "make store" in said and "secret" not in said and "\n" not in said


@pytest.mark.parametrize("place", ["localhost:port/first", "[half/first"])
def test_an_address_that_cannot_be_read_is_refused(place: str) -> None:
    with pytest.raises(SettingsError, match="postgresql://user@localhost:5432/database"):
        opened(f"postgresql://{place}")


@pytest.mark.parametrize("name", ["", "Flights", "pg_flights", "a-b", "1st", "x" * 51])
def test_a_name_that_is_no_plain_schema_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="small letters"):
        opened(f"postgresql://localhost/first?name={name}")


def test_a_wrong_password_or_database_is_named_and_not_told(server: Server, address: str) -> None:
    server.ask("CREATE ROLE careful SUPERUSER LOGIN PASSWORD 'right'")
    server.demand_passwords("careful")
    with pytest.raises(StoreError, match="user, password and database") as caught:
        opened(address.replace("postgres@", "careful:wrong@"))
    assert "wrong@" not in str(caught.value)
    with pytest.raises(StoreError, match='"nowhere" does not exist.*database'):
        opened(address.replace("/postgres?", "/nowhere?"))
    with closing(opened(address.replace("postgres@", "careful:right@"))) as log:
        assert log.totals() == Counts(0, 0)


def test_a_server_that_refuses_is_not_spooled_for(server: Server, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        nowhere = server.address.replace("/postgres", "/nowhere")
        open_prediction_log(f"{nowhere}?spool=spool", root=tmp_path)


def test_a_server_without_resources_is_unavailable() -> None:
    error = explain_postgresql_error("log", psycopg.errors.DiskFull("could not extend file"))
    assert isinstance(error, StoreUnavailableError)
    assert "free some space on its disk" in str(error)
