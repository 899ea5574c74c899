"""What the tests of the log put into it: predictions, labels, times."""

import random
from datetime import UTC, datetime, timedelta

from mlops_loop.prediction_log import (
    Label,
    LoggedRow,
    Output,
    PredictionLog,
    Record,
)

NOON = datetime(2013, 6, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


def record(
    prediction_id: str, event_time: datetime = NOON, *, entity_key: str | None = None
) -> Record:
    return Record(
        prediction_id=prediction_id,
        entity_key=entity_key,
        event_time=event_time,
        arrival_time=event_time + timedelta(seconds=1),
        columns={"distance": 1400.0, "carrier": "AA", "delayed": True, "gust": None, "hour": 7},
        outputs=(
            Output("3", "champion", True, False, [0.75, 0.25]),
            Output("4", "challenger", False, 1.5),
        ),
        target_digest="ta",
    )


def plain(
    name: str, at: datetime = NOON, entity_key: str | None = None, note: str = "x" * 100
) -> Record:
    """One that no version has answered."""
    return Record(name, entity_key, at, at, {"note": note}, ())


def answered_by(name: str, time: datetime, *versions: str) -> Record:
    outputs = tuple(Output(version, "champion", True, 1.5) for version in versions)
    return Record(name, None, time, time, {}, outputs)


def label(prediction_id: str, value: bool | str = True) -> Label:
    return Label(prediction_id, value, NOON + DAY, "somebody")


def fill(log: PredictionLog, times: dict[str, datetime]) -> None:
    log.append([record(name, time) for name, time in times.items()]).result()


def fill_two_days(log: PredictionLog, count: int) -> None:
    """So many predictions in the same two days, every second one labelled."""
    step = 2 * DAY / count
    log.append([plain(f"p{n}", NOON + n * step) for n in range(count)]).result()
    log.add_labels([label(f"p{n}") for n in range(0, count, 2)])


def ids(rows: list[LoggedRow]) -> list[str]:
    return [row.record.prediction_id for row in rows]


def scattered(count: int) -> dict[str, datetime]:
    """Ids with event times all over three days, many of them equal, some before 1970."""
    draw = random.Random(5)
    start = datetime(1969, 12, 30, 22, tzinfo=UTC)
    return {
        f"p{number}": start + timedelta(seconds=draw.randrange(3 * 86_400 // 7) * 7)
        for number in range(count)
    }
