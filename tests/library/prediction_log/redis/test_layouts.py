"""Keys of an older layout are brought up to date, those of a newer one left alone."""

from contextlib import closing

import msgspec
import pytest
import redis

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import (
    Counts,
    Label,
    LoggedRow,
    Output,
    PredictionLog,
    Record,
)
from mlops_loop.prediction_log.redis_keys import LAYOUT, packed_value
from mlops_loop.prediction_log.serialization import to_stored
from mlops_loop.prediction_log.timestamps import EPOCH

from ...store_server import opened
from ...stores.redis import Server
from ..records import DAY, NOON, label


def test_a_log_with_a_newer_layout_is_left_alone(server: Server, log: PredictionLog) -> None:
    with closing(server.client()) as client:
        client.set("predictions:layout", LAYOUT + 1)
    with pytest.raises(StoreError, match=f"layout is number {LAYOUT + 1} .* update the project"):
        opened(server.address)


def as_layout_1(server: Server, record: Record, *, labelled: bool) -> None:
    """What the project that knew layout 1 wrote for a prediction and its label."""
    with closing(redis.Redis(port=server.port)) as client:
        packed = to_stored(record)
        rest = (packed.entity_key, packed.arrival_time, packed.columns, packed.outputs)
        value = packed_value(packed, "")[:9] + msgspec.json.encode(rest)
        member = value[1:9] + record.prediction_id.encode()
        client.set("predictions:layout", 1)
        client.set(f"predictions:0:p:{record.prediction_id}", value)
        client.zadd(f"predictions:0:s:{value[0]}", {member: 0})
        if record.entity_key is not None:
            client.sadd(f"predictions:0:e:{record.entity_key}", value[:9] + member[8:])
        if labelled:
            client.set(f"predictions:0:l:{record.prediction_id}", "0 true")
            client.zadd(f"predictions:0:sl:{value[0]}", {member: 0})


def test_an_older_layout_is_brought_up_to_date(server: Server) -> None:
    old = [
        Record(f"p{n}", f"k{n}", NOON + n * DAY, NOON, {}, (Output("3", "champion", True, 1),))
        for n in range(3)
    ]
    for prediction in old:
        as_layout_1(server, prediction, labelled=prediction.prediction_id == "p1")
    with closing(opened(server.address)) as log:
        assert log.get("p1") == LoggedRow(old[1], Label("p1", True, EPOCH))
        assert log.totals() == log.count(None, None, version="3") == Counts(3, 1)
        # A process of before goes on beside this one.
        late = Record("p3", "k3", NOON, NOON, {}, (Output("4", "champion", True, 1),))
        as_layout_1(server, late, labelled=False)
        assert log.add_labels([label("p3")]).joined == 1
        assert log.totals() == Counts(4, 2)
        assert len(log.sample(None, None, 9)) == len(list(log.rows(None, None))) == 4
    with closing(opened(server.address)) as log:
        assert log.count(None, None, version="4") == Counts(1, 1)
        assert log.erase("k1") == 1
        assert log.prune(NOON + DAY) == 2
        assert log.count(None, None, version="3") == log.totals() == Counts(1, 0)
        assert log.prune(NOON + 9 * DAY) == 1
    with closing(server.client()) as client:
        assert {*client.scan_iter()} == {"predictions:layout"}
