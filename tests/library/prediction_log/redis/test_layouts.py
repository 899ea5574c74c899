"""A log whose keys have another layout is left alone."""

from contextlib import closing

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import PredictionLog
from mlops_loop.prediction_log._redis_keys import LAYOUT

from ...store_server import opened
from ...stores.redis import Server


@pytest.mark.parametrize("layout", [LAYOUT - 1, LAYOUT + 1])
def test_a_log_with_another_layout_is_left_alone(
    server: Server, log: PredictionLog, layout: int
) -> None:
    with closing(server.client()) as client:
        client.set("predictions:layout", layout)
    with pytest.raises(StoreError, match=f"layout is number {layout}, .* update mlops-loop"):
        opened(server.address)
