"""How the Redis log lays out its keys; NAME is `predictions` unless the address says otherwise.

    NAME:layout         number of this layout: code that knows another one leaves the log alone
    NAME:generation     which of the logs under this name is in use; older ones were set aside
    NAME:G:p:ID         a prediction: its place, then JSON
    NAME:G:l:ID         a label: microseconds, a blank, JSON; it may be there before the prediction
    NAME:G:s:STRATUM    sorted set: all predictions of a stratum, by event time, then id
    NAME:G:sl:STRATUM   the same of those that have a label
    NAME:G:e:ENTITY     set: place and id of an entity's predictions
    NAME:G:loop         hash: where the loop stands, and who may change it (loop/states/redis.py)
    NAME:G:probe        written by an append of nothing

The scores of the sorted sets are all zero, since a score is a double and too coarse for
microseconds: Redis orders equal scores by the bytes of the member, which begin with the time.
A place is one byte for the stratum and eight for the event time.
"""

from typing import NamedTuple

import msgspec

from .packing import PackedRecord
from .sampling import sampling_key, stratum

LAYOUT = 1
PLACE_BYTES = 9

_OFFSET = 1 << 63  # so that times before 1970 sort before later ones

_json = msgspec.json.Decoder(tuple[str | None, int, str, str])


class Keys:
    """The keys of one generation of a log."""

    def __init__(self, name: str, generation: int) -> None:
        self.prefix = f"{name}:{generation}:".encode()
        self.loop = self.prefix + b"loop"

    def prediction(self, prediction_id: bytes) -> bytes:
        return self.prefix + b"p:" + prediction_id

    def label(self, prediction_id: bytes) -> bytes:
        return self.prefix + b"l:" + prediction_id

    def stratum(self, number: int, *, labelled: bool) -> bytes:
        return self.prefix + (b"sl:%d" if labelled else b"s:%d") % number


class Bounds(NamedTuple):
    """A window as ranges of members want it."""

    first: bytes
    last: bytes


def bounds(start: int, stop: int) -> Bounds:
    return Bounds(b"[" + _time_bytes(start), b"(" + _time_bytes(stop))


def id_of(member: bytes) -> bytes:
    """The id in a member of a stratum."""
    return member[PLACE_BYTES - 1 :]


def packed_value(packed: PackedRecord) -> bytes:
    """A prediction as its key holds it."""
    place = bytes([stratum(sampling_key(packed.prediction_id))]) + _time_bytes(packed.event_time)
    rest = (packed.entity_key, packed.arrival_time, packed.columns, packed.outputs)
    return place + msgspec.json.encode(rest)


def unpacked_value(prediction_id: bytes, value: bytes) -> PackedRecord:
    event_time = int.from_bytes(value[1:PLACE_BYTES], "big") - _OFFSET
    entity_key, arrival_time, columns, outputs = _json.decode(value[PLACE_BYTES:])
    return PackedRecord(
        prediction_id.decode(), entity_key, event_time, arrival_time, columns, outputs
    )


def _time_bytes(microseconds: int) -> bytes:
    return (microseconds + _OFFSET).to_bytes(8, "big")
