"""What every prediction log promises. A store joins the suite by its file in stores/.

The folders below hold what one store promises beyond that.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlops_loop.prediction_log import PredictionLog, open_prediction_log

Open = Callable[[], PredictionLog]


@pytest.fixture
def address(new_address: Callable[[], str]) -> str:
    return new_address()


@pytest.fixture
def open_log(address: str, tmp_path: Path) -> Iterator[Open]:
    opened: list[PredictionLog] = []

    def open_one() -> PredictionLog:
        opened.append(open_prediction_log(address, root=tmp_path))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: Open) -> PredictionLog:
    return open_log()
