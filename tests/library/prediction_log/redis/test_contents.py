"""How much of it a question reads, and what is left after erasing."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial

import pytest

from mlops_loop.prediction_log import PredictionLog

from ...store_server import opened
from ...stores.redis import Server
from ..records import NOON, fill_two_days, plain


def test_erased_bytes_are_no_longer_in_the_files(server: Server, log: PredictionLog) -> None:
    folder = server._folder

    def written() -> bytes:
        return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())

    log.append([plain("a", entity_key="a-very-personal-key"), plain("b")]).result()
    assert b"a-very-personal-key" in written()
    assert log.erase("a-very-personal-key") == 1
    deadline = time.monotonic() + 20
    while b"a-very-personal-key" in written():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert log.get("b")


@pytest.mark.parametrize("labelled", [None, True])
def test_what_a_sample_and_a_count_read_does_not_grow_with_the_log(
    server: Server, labelled: bool | None
) -> None:
    def bytes_sent(ask: Callable[[], object]) -> int:
        with closing(server.client()) as client:
            before = client.info("stats")["total_net_output_bytes"]
            ask()
            after: int = client.info("stats")["total_net_output_bytes"]
            return after - before

    costs: list[int] = []
    for size in (2_000, 20_000):
        with closing(opened(f"{server.address}?name=log{size}")) as log:
            fill_two_days(log, size)
            narrow = NOON + timedelta(hours=3, seconds=7), NOON + timedelta(hours=20, seconds=11)
            for window in ((None, None), narrow):
                costs.append(bytes_sent(partial(log.sample, *window, 100, labelled=labelled)))
                costs.append(bytes_sent(partial(log.count, *window)))
    small, large = costs[:4], costs[4:]
    assert all(more < 1.5 * less for less, more in zip(small, large, strict=True))
