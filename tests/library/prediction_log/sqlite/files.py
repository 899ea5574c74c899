"""Files with something in them."""

from contextlib import closing
from pathlib import Path

from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.sqlite import SqliteDatabase

from ..records import fill_two_days


def filled(path: Path, count: int) -> Path:
    """A log with so many predictions in the same two days, every second one labelled."""
    with closing(SqlPredictionLog(SqliteDatabase(path))) as log:
        fill_two_days(log, count)
    return path
