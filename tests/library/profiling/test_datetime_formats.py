"""Dates are read in the formats that people and programs write, or left out with the reason."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_loop._profiling.types import infer_type
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._casting import read_table
from mlops_loop.data._ingestion import ingest

from .conftest import Adopt
from .tables import contract, write


@pytest.mark.parametrize(
    ("texts", "second"),
    [
        (["2021-10-20 00:01:00 UTC", "2021-10-21 13:05:00 UTC"], "2021-10-21T13:05"),
        (["2021-01-20 00:01:00 CET", "2021-07-21 13:05:00 CEST"], "2021-07-21T11:05"),
        (["2021-10-20 00:01:00 PST", "2021-10-21 13:05:00 PST"], "2021-10-21T21:05"),
        (["2021-10-20T00:01:00Z", "2021-10-21T13:05:00Z"], "2021-10-21T13:05"),
        (["2021-10-20 00:01:00+0200", "2021-10-21 13:05:00+0200"], "2021-10-21T11:05"),
        (["20/10/2021 00:01:00", "21/10/2021 13:05:00"], "2021-10-21T13:05"),
        (["20/10/2021 00:01:00.5", "21/10/2021 13:05:00.25"], "2021-10-21T13:05:00.25"),
        (["20/10/2021 00:01:00 CET", "21/10/2021 13:05:00 CET"], "2021-10-21T12:05"),
        (["20.10.2021 0:01", "21.10.2021 13:05"], "2021-10-21T13:05"),
        (["10/20/2021 12:01 AM", "10/21/2021 1:05 PM"], "2021-10-21T13:05"),
        (["10/20/2021, 12:01:00am", "10/21/2021, 1:05:00pm"], "2021-10-21T13:05"),
        (["Wed Oct 20 00:01:00 2021", "Thu Oct  7 13:05:00 2021"], "2021-10-07T13:05"),
        (["Wed, 20 Oct 2021 00:01:00 GMT", "Thu, 21 Oct 2021 13:05:00 GMT"], "2021-10-21T13:05"),
        (
            ["Wed, 20 Oct 2021 00:01:00 +0200", "Thu, 21 Oct 2021 13:05:00 +0200"],
            "2021-10-21T11:05",
        ),
        (["20/Oct/2021:00:01:00 +0000", "21/Oct/2021:13:05:00 +0000"], "2021-10-21T13:05"),
        (["2000Q1", "2001Q4"], "2001-10-01T00:00"),
        (["Q1 2000", "Q4 2001"], "2001-10-01T00:00"),
        (["2021-W05", "2021-W06"], "2021-02-08T00:00"),
        (["2021-W05-3", "2021-W06-1"], "2021-02-08T00:00"),
        (["Oct 20, 2021", "Nov 1, 2021"], "2021-11-01T00:00"),
        (["20 October 2021", "1 March 2021"], "2021-03-01T00:00"),
        (["20OCT2021", "01MAR2021"], "2021-03-01T00:00"),
        (["10/2021", "11/2021"], "2021-11-01T00:00"),
        (["20211020000100", "20211021130500"], "2021-10-21T13:05"),
        (["1634688060", "1634821500"], "2021-10-21T13:05"),
        (["1634688060.25", "1634821500.5"], "2021-10-21T13:05:00.5"),
        (["1634688060000", "1634821500000"], "2021-10-21T13:05"),
        (["1634688060000000", "1634821500000000"], "2021-10-21T13:05"),
        (["1634688060000000000", "1634821500000000001"], "2021-10-21T13:05"),
    ],
)
def test_a_datetime_is_read_whoever_wrote_it(texts: list[str], second: str) -> None:
    inferred = infer_type(pa.array(texts), name="when")
    assert inferred.type == "datetime"
    cast = read_table([inferred.column("x")], pa.table({"x": texts}))
    assert not cast.unreadable
    assert cast.table["x"][1].as_py() == datetime.fromisoformat(second).replace(tzinfo=UTC)


@pytest.mark.parametrize("unit", [10**9, 10**6, 10**3])
def test_numbers_of_recent_epochs_are_datetimes_unless_they_are_keys(unit: int) -> None:
    values = pa.array([1634688060 * unit, 1634821500 * unit])
    assert infer_type(values, name="x").type == "datetime"
    assert infer_type(values, name="tweet_id").type == "category"
    assert infer_type(values).type == "integer"


def test_seconds_need_the_name_of_a_date() -> None:
    values = pa.array([1634688060, 1634821500])
    assert infer_type(values, name="created_at").type == "datetime"
    assert infer_type(values, name="phone").type == "integer"


def test_what_cannot_be_read_is_left_out_with_what_would_be(root: Path, adopt: Adopt) -> None:
    dates = [f"{day}. März 2021" for day in (15, 16, 17)]
    zones = [f"2021-10-{day} 00:01 Europe/Berlin" for day in (15, 16, 17)]
    lines = [
        "when,zoned,x,y",
        *(f"{dates[n % 3]},{zones[n % 3]},{n % 7},{n % 31 / 9:.2f}" for n in range(90)),
    ]
    done = adopt(write(root / "in.csv", lines), "--target", "y")
    assert done.exit_code == 0, done.output
    for name in ("when", "zoned"):
        assert contract(root).column(name).role == "ignore"
    said = " ".join(done.output.split())
    assert "e.g. 15. März 2021: write ISO 8601" in said
    refused = adopt("in.csv", "--target", "y", "--time", "when", "--yes")
    assert refused.exit_code == 2 and "write ISO 8601" in refused.output


def test_quarters_are_an_event_time(root: Path, adopt: Adopt) -> None:
    quarters = [f"{2000 + n // 4}Q{n % 4 + 1}" for n in range(80)]
    lines = [
        "when,x,y",
        *(f"{quarter},{n % 9},{n % 31 / 9:.2f}" for n, quarter in enumerate(quarters)),
    ]
    done = adopt(write(root / "in.csv", lines), "--target", "y", "--time", "when")
    assert done.exit_code == 0, done.output
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["when"][5].as_py() == datetime(2001, 4, 1, tzinfo=UTC)
