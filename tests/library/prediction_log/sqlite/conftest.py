"""A log in a file of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlops_loop.prediction_log._sql.log import SqlPredictionLog
from mlops_loop.prediction_log._sql.sqlite import SqliteDatabase


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "predictions.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqlPredictionLog]:
    with closing(SqlPredictionLog(SqliteDatabase(path))) as log:
        yield log
