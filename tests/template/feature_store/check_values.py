"""Values of the store in training and serving; runs in a project with Feast.

`test_feature_store.py` makes the project from the page of the documentation, and runs this there.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from feast import FeatureStore
from my_ml_project.app import app
from my_ml_project.feature_store import ASKED, NAME, FeastSource, OnlineLookup
from my_ml_project.project import project

from mlops_loop.contract import load_contract

MOMENT = datetime(2013, 2, 15, 12, tzinfo=UTC)
REPOSITORY = Path("feature_store")
CARRIERS = ["AA", "B6", "UA"]


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    """The store, whose online values are those of the moment."""
    store = FeatureStore(str(REPOSITORY))
    store.materialize(MOMENT - timedelta(days=60), MOMENT)
    return store


@pytest.fixture
def lookup() -> OnlineLookup:
    return OnlineLookup(REPOSITORY, timeout=60)


def columns(departure: datetime, carriers: list[str] = CARRIERS) -> dict[str, Any]:
    moment = np.datetime64(departure.replace(tzinfo=None), "us")
    return {
        "carrier": np.array(carriers, object),
        "scheduled_departure": np.full(len(carriers), moment),
        NAME: np.full(len(carriers), np.nan),
    }


def joined(store: FeatureStore, departure: datetime, folder: Path) -> list[float]:
    """The values that training joins for a departure of each carrier."""
    contract = load_contract(Path("config/contract.yaml"))
    flights = pd.DataFrame({column.name: [column.example] * 3 for column in contract.columns})
    flights = flights.drop(columns=NAME)
    flights["carrier"] = CARRIERS
    flights["scheduled_departure"] = pd.Timestamp(departure)
    flights.to_parquet(folder / "flights.parquet")
    (table,) = FeastSource(folder / "flights.parquet", store).tables(contract)
    values = dict(zip(table["carrier"].to_pylist(), table[NAME].to_pandas(), strict=True))
    return [float(values[carrier]) for carrier in CARRIERS]


def known(until: datetime) -> pd.DataFrame:
    """Values of the carriers that were known at a time, the last of each."""
    values = pd.read_parquet(REPOSITORY / "carrier_days.parquet")
    before = values[values["known_at"] <= pd.Timestamp(until)].sort_values("known_at")
    return before.groupby("carrier").last().loc[CARRIERS]


def test_training_joins_what_was_known_when_a_prediction_was_asked_for(
    store: FeatureStore, tmp_path: Path
) -> None:
    expected = known(MOMENT)
    assert joined(store, MOMENT + ASKED, tmp_path) == expected[NAME].tolist()
    # The day's own value became known at six the next morning: it differs, and is not used.
    later = known(MOMENT + timedelta(days=1))
    assert (later["known_at"] > expected["known_at"]).all()
    assert later[NAME].tolist() != expected[NAME].tolist()
    first = known(MOMENT)["known_at"].max().to_pydatetime()
    at_arrival, before = (
        joined(store, first + ASKED - early, tmp_path)
        for early in (timedelta(), timedelta(seconds=1))
    )
    assert at_arrival == expected[NAME].tolist() != before


def test_the_lookup_gives_what_training_joins_for_the_same_moment(
    store: FeatureStore, lookup: OnlineLookup, tmp_path: Path
) -> None:
    departure = MOMENT + ASKED
    looked_up = lookup(columns(departure))[NAME].tolist()
    assert looked_up == joined(store, departure, tmp_path)
    assert not np.isnan(looked_up).any()


@pytest.mark.parametrize("days", [4, -4])
def test_values_that_training_would_not_join_are_missing(
    store: FeatureStore, lookup: OnlineLookup, days: int
) -> None:
    """Older than `ttl`, or known only after the row was asked for."""
    departure = MOMENT + timedelta(days=days)
    assert np.isnan(lookup(columns(departure))[NAME]).all()


@pytest.mark.parametrize("year", [2012, 2014])
def test_rows_without_a_value_are_trained_on(
    store: FeatureStore, tmp_path: Path, year: int
) -> None:
    """Before the first value, and later than the last one lasts."""
    assert np.isnan(joined(store, datetime(year, 6, 1, tzinfo=UTC), tmp_path)).all()


def test_each_flight_has_the_last_value_of_its_carrier(store: FeatureStore) -> None:
    path = Path("data/flights.parquet")
    (table,) = FeastSource(path, store).tables(load_contract(Path("config/contract.yaml")))
    given = pd.read_parquet(path)
    assert sorted(table["flight_id"].to_pylist()) == sorted(given["flight_id"])
    joined = table.to_pandas()
    joined["asked"] = (joined["scheduled_departure"] - ASKED).astype("datetime64[ns, UTC]")
    joined = joined.sort_values("asked", ignore_index=True)
    values = pd.read_parquet(REPOSITORY / "carrier_days.parquet").sort_values("known_at")
    expected = pd.merge_asof(
        joined.drop(columns=NAME),
        values,
        left_on="asked",
        right_on="known_at",
        by="carrier",
        tolerance=pd.Timedelta("3d"),
    )
    pd.testing.assert_series_equal(joined[NAME], expected[NAME])
    assert 0 < joined[NAME].isna().sum() < len(joined) / 10


def test_rows_that_bring_a_value_keep_it(store: FeatureStore, lookup: OnlineLookup) -> None:
    given = columns(MOMENT + ASKED)
    given[NAME][0] = 0.75
    filled = lookup(given)[NAME]
    assert filled[0] == 0.75 and not np.isnan(filled).any()
    assert np.isnan(given[NAME][1])


def test_an_unknown_carrier_has_no_value(store: FeatureStore, lookup: OnlineLookup) -> None:
    assert np.isnan(lookup(columns(MOMENT + ASKED, ["ZZ"]))[NAME]).all()


class Hanging:
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self.answers = 0, Event()

    def get_online_features(self, *_: object) -> None:
        self.asked += 1
        self.answers.wait(30)
        raise ConnectionError("reset")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    store = Hanging()
    yield store
    store.answers.set()


def test_a_store_that_hangs_costs_the_timeout_once_in_a_pause(hanging: Hanging) -> None:
    lookup = OnlineLookup(REPOSITORY, timeout=0.05, pause=30)
    lookup.__dict__["store"] = hanging
    given = columns(MOMENT + ASKED)
    for _ in range(20):
        assert lookup(given) is given
    assert hanging.asked == 1


def test_a_store_that_fails_is_asked_again_after_the_pause(hanging: Hanging) -> None:
    hanging.answers.set()
    lookup = OnlineLookup(REPOSITORY, timeout=5, pause=0)
    lookup.__dict__["store"] = hanging
    given = columns(MOMENT + ASKED)
    assert lookup(given) is given and lookup(given) is given
    assert hanging.asked == 2


def test_the_service_answers_with_the_value_and_without_the_store(store: FeatureStore) -> None:
    row = json.loads(Path("row.json").read_text(encoding="utf-8"))
    row.pop(NAME, None)
    row["scheduled_departure"] = (MOMENT + ASKED).isoformat()
    (hook,) = project.before_predict
    with TestClient(app, headers={"X-API-Key": "secret"}) as client:
        hook._timeout, hook._resume = 60.0, 0.0
        answer = client.post("/predict", json=row)
        assert answer.status_code == 200, answer.text
        logged = project.log.get(answer.json()["prediction_id"])
        assert logged.record.columns[NAME] == known(MOMENT)[NAME][row["carrier"]]
        hook.__dict__["store"], hook._timeout = Hanging(), 0.05
        answer = client.post("/predict", json=row)
        assert answer.status_code == 200, answer.text
        logged = project.log.get(answer.json()["prediction_id"])
        assert logged.record.columns.get(NAME) is None
        hook.store.answers.set()
