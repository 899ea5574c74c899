"""Who may read it, how much of it a question reads, and what is left after erasing."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from mlops_loop.prediction_log import Counts, Label, PredictionLog

from ...store_server import opened
from ...stores.postgresql import Server
from ..records import DAY, NOON, fill_two_days, plain


def test_people_can_read_it_and_delete_from_it(
    server: Server, log: PredictionLog, schema: str
) -> None:
    log.append([plain("a", entity_key="k"), plain("b")]).result()
    log.add_labels([Label("a", "late", NOON + DAY)])
    known = "prediction_id, event_time, columns->>'note', label #>> ARRAY[]::text[]"
    query = f"SELECT {known} FROM {schema}.logged"
    assert server.ask(f"{query} WHERE entity_key = 'k'") == [("a", NOON, "x" * 100, "late")]
    server.ask(f"SET search_path TO {schema}; DELETE FROM predictions WHERE prediction_id = 'a'")
    assert log.totals() == log.count(None, None) == Counts(1, 0)


def test_erased_rows_are_no_longer_in_the_tables(
    server: Server, log: PredictionLog, schema: str
) -> None:
    log.append([plain(f"p{n}", entity_key="gone") for n in range(500)]).result()
    assert log.erase("gone") == 500
    size = f"SELECT pg_relation_size('{schema}.predictions')"
    assert server.ask(size) == [(0,)]


@pytest.mark.parametrize("labelled", [None, True])
def test_what_a_sample_a_count_and_a_page_read_does_not_grow_with_the_log(
    server: Server, address: str, schema: str, labelled: Any
) -> None:
    def blocks(size: int, question: Callable[[PredictionLog], object]) -> int:
        """How many a question looks at; sessions tell when they end."""
        query = f"""
            SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read)::int
            FROM pg_statio_user_tables WHERE schemaname = '{schema}_{size}'
        """
        with closing(opened(f"{address}_{size}")) as log:
            before = server.ask(query)[0][0]
            question(log)
        time.sleep(0.2)
        after: int = server.ask(query)[0][0]
        return after - before

    costs: list[int] = []
    # Both have a prediction and a label in each minute, so that there are as many counters.
    for size in (6_000, 30_000):
        with closing(opened(f"{address}_{size}")) as log:
            fill_two_days(log, size)
        narrow = NOON + timedelta(hours=3, seconds=7), NOON + timedelta(hours=20, seconds=11)
        for window in ((None, None), narrow):

            def sample(log: PredictionLog, window: Any = window) -> object:
                return log.sample(*window, 100, labelled=labelled)

            def tally(log: PredictionLog, window: Any = window) -> object:
                return log.count(*window)

            def first_page(log: PredictionLog, window: Any = window) -> object:
                return next(log.rows(*window, labelled=labelled))

            costs += [blocks(size, query) for query in (sample, tally, first_page)]
    small, large = costs[:6], costs[6:]
    assert all(more < 1.5 * less for less, more in zip(small, large, strict=True)), costs
