"""The sample. Goes, with `data/_sources/sample.py`, when your data comes."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mlops_loop._settings import Settings
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract import Contract
from mlops_loop.contract._arrow import arrow_schema, from_arrow
from mlops_loop.data._sources import open_source, read_all
from mlops_loop.data._sources import sample as sample_module
from mlops_loop.data._validation import validate
from mlops_loop.errors import SourceError
from mlops_loop.evaluation._target import encode_target

from ..places import FLIGHTS

ROOT = FLIGHTS
FEBRUARY, MARCH = datetime(2013, 2, 1, tzinfo=UTC), datetime(2013, 3, 1, tzinfo=UTC)
Read = Callable[..., pa.Table]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "config", root / "config")
    return load_settings(root)


@pytest.fixture(scope="module")
def contract(settings: Settings) -> Contract:
    return settings.contract()


@pytest.fixture(scope="module")
def year(settings: Settings, contract: Contract) -> pa.Table:
    return read_all(open_source("sample://flights", settings), contract)


@pytest.fixture
def read(settings: Settings, contract: Contract) -> Read:
    def read_one(parameters: str, **window: datetime) -> pa.Table:
        source = open_source(f"sample://flights?{parameters}", settings)
        return read_all(source, contract, **window)

    return read_one


def test_no_row_of_the_year_is_refused(year: pa.Table, contract: Contract) -> None:
    assert year.schema == arrow_schema(contract)
    validated = validate(contract, year)
    assert validated.accepted.all(), validated.counts("reject")
    assert sum(validated.counts("warn").values()) < 0.001 * year.num_rows


def test_it_is_the_year_that_was_promised(year: pa.Table) -> None:
    assert year.num_rows == 327_346
    assert len(pc.unique(year["flight_id"])) == year.num_rows
    times = year["scheduled_departure"].to_numpy()
    assert (np.diff(times) >= np.timedelta64(0, "us")).all()


def test_a_known_flight_has_the_weather_of_the_hour_before(year: pa.Table) -> None:
    row = year.filter(pc.equal(year["flight_id"], "UA1545-EWR-2013-01-01")).to_pylist()[0]
    # Scheduled for 05:15 local time, 10:15 UTC. Newark had 39.92 degrees at 09:00 UTC, and
    # 39.02 at 10:00, which nobody knew when the hour began.
    assert row["scheduled_departure"] == datetime(2013, 1, 1, 10, tzinfo=UTC)
    assert (row["departure_minute"], row["arrival_minute"]) == (315, 499)
    assert (row["destination"], row["distance"]) == ("IAH", 1400.0)
    assert row["temperature"] == 39.92
    assert row["wind_speed"] == pytest.approx(12.65858)


def test_only_what_is_known_before_departure_is_an_input(contract: Contract) -> None:
    names = {column.name for column in contract.inputs}
    assert not names & {"dep_delay", "arr_delay", "dep_time", "arr_time", "air_time", "tailnum"}


def test_each_target_says_of_a_delay_what_it_should() -> None:
    flights = sample_module.read_flights()
    delay, late = (flights[name].to_numpy() for name in ("arrival_delay", "late"))
    punctuality = flights["punctuality"].to_numpy()
    assert (late == (delay > 15)).all() and late.mean() == pytest.approx(0.237, abs=0.001)
    assert delay.min() == -86 and delay.max() == 1272
    spans = {name: delay[punctuality == name] for name in np.unique(punctuality)}
    assert {name: (span.min(), span.max()) for name, span in spans.items()} == {
        "early": (-86, -16),
        "on_time": (-15, 15),
        "late": (16, 60),
        "very_late": (61, 1272),
    }


def test_the_contract_s_classes_are_those_of_the_sample(contract: Contract, year: pa.Table) -> None:
    assert len(np.unique(encode_target(contract, from_arrow(contract, year)))) > 1
    if contract.problem == "multiclass":
        assert set(contract.classes) == set(year[contract.target.name].unique().to_pylist())


def test_lateness_moves_with_the_seasons() -> None:
    flights = sample_module.read_flights()
    months = pc.month(flights["scheduled_departure"]).to_numpy()
    late = {month: flights["late"].to_numpy()[months == month].mean() for month in range(1, 13)}
    assert late[9] < 0.15 and late[12] > 0.30 and late[7] > 0.28


def test_since_and_until_cut_the_year(read: Read) -> None:
    february = read("since=2013-02-01&until=2013-03-01")
    times = february["scheduled_departure"]
    assert FEBRUARY <= pc.min(times).as_py() and pc.max(times).as_py() < MARCH
    assert read("since=2013-02-01", until=MARCH).equals(february)
    assert read("", since=FEBRUARY, until=MARCH).equals(february)
    assert read("until=2013-02-01", since=FEBRUARY).num_rows == 0


def test_a_sample_of_each_month_is_uniform_repeatable_and_stays_in_order(read: Read) -> None:
    some = read("rows_per_month=500&seed=1")
    # The last evening of the year in New York is January 2014 in UTC.
    months = some["scheduled_departure"].to_numpy().astype("datetime64[M]")
    counts = dict(zip(*np.unique(months, return_counts=True), strict=True))
    assert [counts[month] for month in sorted(counts)[:12]] == [500] * 12
    assert read("rows_per_month=500&seed=1").equals(some)
    assert not read("rows_per_month=500&seed=2").equals(some)
    # The same rows of a month, whatever window is read and however many are asked for.
    february = some.filter(pc.equal(pc.month(some["scheduled_departure"]), 2))
    assert read("rows_per_month=500&seed=1", since=FEBRUARY, until=MARCH).equals(february)
    more = set(read("rows_per_month=900&seed=1")["flight_id"].to_pylist())
    assert set(some["flight_id"].to_pylist()) <= more
    days = pc.day(february["scheduled_departure"]).to_numpy()
    assert np.bincount(days, minlength=29)[1:29].min() > 3


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sample://trains", "unknown sample 'trains'"),
        ("sample://flights?from=2013-01-01", "unknown parameter 'from'"),
        ("sample://flights?since=January", "Invalid isoformat"),
        ("sample://flights?rows_per_month=few", "invalid literal"),
        ("sample://flights?rows_per_month=0", "at least 1"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(settings: Settings, address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        open_source(address, settings)


def test_without_its_package_the_command_that_installs_it_is_named(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_module, "PACKAGE", "no_such_package")
    with pytest.raises(SourceError, match="poetry install --with sample"):
        read("")
