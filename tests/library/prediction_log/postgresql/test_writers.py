"""Those who write at once neither miss nor wait for each other."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from mlops_loop.prediction_log import Counts, PredictionLog

from ...store_server import opened
from ..records import label, plain


def test_a_label_and_a_prediction_that_come_at_once_meet(log: PredictionLog, address: str) -> None:
    names = [f"p{number}" for number in range(300)]
    with closing(opened(address)) as other, ThreadPoolExecutor(2) as pool:
        for at in range(0, len(names), 10):
            some = names[at : at + 10]
            labels = [label(name) for name in some]
            labelled = pool.submit(other.add_labels, labels)
            log.append([plain(name) for name in some]).result()
            labelled.result()
    assert log.totals() == log.count(None, None) == Counts(300, 300)


def test_two_that_append_the_same_do_not_wait_for_each_other(address: str) -> None:
    names = [f"p{number}" for number in range(400)]

    def append(order: int) -> None:
        with closing(opened(address)) as log:
            for _ in range(5):
                log.append([plain(name) for name in names[::order]]).result(timeout=20)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(append, (1, -1))) == [None, None]
    with closing(opened(address)) as log:
        assert log.totals() == log.count(None, None) == Counts(400, 0)
