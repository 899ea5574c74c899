"""How the Redis log lays out its keys; NAME is `predictions` unless the address says otherwise.

    NAME:layout         number of this layout: code that knows another one rejects the log
    NAME:generation     which of the logs under this name is in use; older ones were archived
    NAME:G:p:ID         a prediction: its place, then JSON, with its group, its digests and who
                        asked last
    NAME:G:l:ID         a label: 1 if it is official, else 0; microseconds, a blank, JSON, a line
                        feed, what it replaced, a line feed, who gave it
    NAME:G:early        sorted set: the ids of labels that wait for their prediction, by time
    NAME:G:v            set: the groups (see _versions.py) that answered something
    NAME:G:s:GROUP:STRATUM   sorted set: the predictions of a group in a stratum, by event time,
                        then id
    NAME:G:sl:GROUP:STRATUM  the same of those that have a label
    NAME:G:e:ENTITY     set: place and id of an entity's predictions
    NAME:G:loop         hash: state and lease of the loop (loop/_states/redis.py)
    NAME:G:probe        written by an append of nothing

The scores of the sorted sets are all zero, since a score is a double and too coarse for
microseconds: Redis orders equal scores by the bytes of the member, which begin with the time.
A place is one byte for the stratum and eight for the event time.
"""

from typing import Any, NamedTuple

import msgspec

from ._sampling import sampling_key, stratum
from ._serialization import StoredLabel, StoredRecord

LAYOUT = 1
PLACE_BYTES = 9

_OFFSET = 1 << 63  # so that times before 1970 sort before later ones

_json = msgspec.json.Decoder(list[Any])


class Keys:
    """The keys of one generation of a log."""

    def __init__(self, name: str, generation: int) -> None:
        self.prefix = f"{name}:{generation}:".encode()
        self.loop = self.prefix + b"loop"
        self.groups = self.prefix + b"v"

    def prediction(self, prediction_id: bytes) -> bytes:
        return self.prefix + b"p:" + prediction_id

    def label(self, prediction_id: bytes) -> bytes:
        return self.prefix + b"l:" + prediction_id

    def stratum(self, group: str, number: int, *, labelled: bool) -> bytes:
        """The sorted set of a group in a stratum."""
        return self.prefix + (b"sl:" if labelled else b"s:") + f"{group}:{number}".encode()


class Bounds(NamedTuple):
    """A window as ranges of members want it."""

    first: bytes
    last: bytes


def bounds(start: int, stop: int) -> Bounds:
    return Bounds(b"[" + _time_bytes(start), b"(" + _time_bytes(stop))


def id_of(member: bytes) -> bytes:
    """The id in a member of a stratum."""
    return member[PLACE_BYTES - 1 :]


def packed_value(packed: StoredRecord, group: str) -> bytes:
    """A prediction as its key holds it."""
    place = bytes([stratum(sampling_key(packed.prediction_id))]) + _time_bytes(packed.event_time)
    own = (packed.entity_key, packed.arrival_time, packed.columns, packed.outputs)
    rest = (*own, group, packed.schema_digest, packed.target_digest, packed.caller)
    return place + msgspec.json.encode(rest)


def unpacked_value(prediction_id: bytes, value: bytes) -> StoredRecord:
    event_time = int.from_bytes(value[1:PLACE_BYTES], "big") - _OFFSET
    rest = _json.decode(value[PLACE_BYTES:])
    entity_key, arrival_time, columns, outputs, _, schema_digest, target_digest, caller = rest
    return StoredRecord(
        prediction_id.decode(),
        entity_key,
        event_time,
        arrival_time,
        columns,
        outputs,
        schema_digest,
        target_digest,
        caller,
    )


def packed_label(label: StoredLabel) -> str:
    """A label as its key holds it; JSON has no line feed of its own."""
    return f"{label.official:d}{label.time} {label.value}\n{label.replaced}\n{label.authority}"


def unpacked_label(prediction_id: bytes, value: bytes) -> StoredLabel:
    head, _, rest = value.decode().partition(" ")
    label, replaced, authority = rest.split("\n", 2)
    return StoredLabel(
        prediction_id.decode(), label, int(head[1:]), authority, head[0] == "1", replaced
    )


def _time_bytes(microseconds: int) -> bytes:
    return (microseconds + _OFFSET).to_bytes(8, "big")
