"""How labels are joined and predictions deleted; each function runs within a transaction.

Nobody else writes meanwhile (see `Database.transaction`).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from .. import _early_labels as early_labels
from .._records import LabelReport
from .._serialization import StoredLabel, is_foreign, same_value
from .._timestamps import DAY
from .identifiers import to_text
from .tables import COPIED, COUNTERS, LABELS, PREDICTIONS

# Predictions should not wait for all that is to be deleted.
_PRUNED_A_JOB = 1_000


def join_labels(
    connection: Connection, labels: Sequence[StoredLabel], target_digest: str | None = None
) -> LabelReport:
    """Insert labels whose prediction has none; the first of several for one prediction stays.

    An official label replaces one that is not. With a target, labels of predictions about another
    one are left out.
    """
    ids = [to_text(label.prediction_id) for label in labels]
    predictions, known = _predictions(connection, ids), _known_labels(connection, ids)
    new: dict[str, StoredLabel] = {}
    changed: dict[str, StoredLabel] = {}
    repeated = 0
    conflicting, other_target, replaced = [], [], []
    for stored_id, label in zip(ids, labels, strict=True):
        first = known.get(stored_id)
        prediction = predictions.get(stored_id)
        if prediction is not None and is_foreign(prediction.target_digest, target_digest):
            other_target.append(label.prediction_id)
        elif first is None:
            known[stored_id] = new[stored_id] = label
            continue
        else:
            is_same = same_value(first.value, label.value)
            repeated += is_same
            if label.official and not first.official:
                written = new if stored_id in new else changed
                known[stored_id] = written[stored_id] = label.with_replaced(first)
                replaced += [] if is_same else [label.prediction_id]
            elif not is_same:
                conflicting.append(label.prediction_id)
    dropped = _drop_excess(connection, new, predictions)
    _insert_labels(connection, new, predictions)
    _update_labels(connection, changed)
    joined = len(new.keys() & predictions.keys())
    return LabelReport(
        joined,
        len(new) - joined,
        repeated,
        tuple(conflicting),
        tuple(other_target),
        tuple(replaced),
        dropped,
    )


def erase(connection: Connection, entity_key: str) -> int:
    of_entity = PREDICTIONS.c.entity_key == to_text(entity_key)
    return connection.execute(delete(PREDICTIONS).where(of_entity)).rowcount


def prune(connection: Connection, stop: int, later: int | None = None) -> int:
    """Delete some of the oldest predictions before a time; 0 if none are left.

    Args:
        connection: in a transaction.
        stop: the time.
        later: predictions of a later time than this are deleted as well, if they arrived
            before `stop`.
    """
    deleted = _delete_some(connection, PREDICTIONS.c.event_time < stop)
    if deleted or later is None:
        return deleted
    return _delete_some(
        connection, PREDICTIONS.c.event_time > later, PREDICTIONS.c.arrival_time < stop
    )


def _delete_some(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    oldest = (
        select(PREDICTIONS.c.prediction_id)
        .where(*conditions)
        .order_by(PREDICTIONS.c.event_time, PREDICTIONS.c.prediction_id)
        .limit(_PRUNED_A_JOB)
    )
    those = PREDICTIONS.c.prediction_id.in_(oldest)
    return connection.execute(delete(PREDICTIONS).where(those)).rowcount


def delete_empty_counters(connection: Connection, stop: int, later: int | None = None) -> None:
    """Delete counters that count nothing any longer: before a time, and from the day of another."""
    bucket = (COUNTERS.c.width, COUNTERS.c.start, COUNTERS.c.versions)
    pruned = COUNTERS.c.start < stop
    if later is not None:
        pruned |= COUNTERS.c.start > later - DAY
    empty = (
        select(*bucket)
        .where(pruned)
        .group_by(*bucket)
        .having(func.sum(COUNTERS.c.predictions) == 0, func.sum(COUNTERS.c.labels) == 0)
    )
    connection.execute(delete(COUNTERS).where(tuple_(*bucket).in_(empty)))


def _known_labels(connection: Connection, ids: Sequence[str]) -> dict[str, StoredLabel]:
    names = ("prediction_id", "label", "time", "authority", "official")
    query = select(*(LABELS.c[name] for name in names)).where(LABELS.c.prediction_id.in_(ids))
    return {row.prediction_id: StoredLabel(*row) for row in connection.execute(query)}


def _drop_excess(
    connection: Connection, new: dict[str, StoredLabel], predictions: dict[str, Row[Any]]
) -> tuple[str, ...]:
    """Delete early labels that have expired, and take out those for which there is no room."""
    early = [stored_id for stored_id in new if stored_id not in predictions]
    if not early:
        return ()
    waits = LABELS.c.event_time.is_(None)
    oldest = early_labels.expiry(max(label.time for label in new.values()))
    connection.execute(delete(LABELS).where(waits, LABELS.c.time < oldest))
    waiting = connection.execute(select(func.count()).select_from(LABELS).where(waits)).scalar_one()
    excess = early[max(early_labels.CAPACITY - waiting, 0) :]
    return tuple(new.pop(stored_id).prediction_id for stored_id in excess)


def _predictions(connection: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    """The target of predictions, and what their labels copy of them; by id."""
    names = ("prediction_id", "target_digest", *COPIED)
    query = select(*(PREDICTIONS.c[name] for name in names))
    rows = connection.execute(query.where(PREDICTIONS.c.prediction_id.in_(ids)))
    return {row.prediction_id: row for row in rows}


def _insert_labels(
    connection: Connection, new: dict[str, StoredLabel], predictions: dict[str, Row[Any]]
) -> None:
    """Insert labels with what they copy of their predictions."""
    if not new:
        return
    connection.execute(
        # RETURNING makes SQLAlchemy insert many rows a statement.
        insert(LABELS).returning(LABELS.c.prediction_id),
        [
            {
                "prediction_id": stored_id,
                "label": label.value,
                "time": label.time,
                "authority": label.authority,
                "official": label.official,
                "replaced": label.replaced,
                **{name: getattr(predictions.get(stored_id), name, None) for name in COPIED},
            }
            for stored_id, label in new.items()
        ],
    ).all()


def _update_labels(connection: Connection, changed: dict[str, StoredLabel]) -> None:
    """Replace labels by official ones."""
    if not changed:
        return
    names = {
        "label": "value",
        **{name: name for name in ("time", "authority", "official", "replaced")},
    }
    connection.execute(
        update(LABELS)
        .where(LABELS.c.prediction_id == bindparam("stored_id"))
        .values({name: bindparam(f"new_{name}") for name in names}),
        [
            {"stored_id": stored_id}
            | {f"new_{name}": getattr(label, field) for name, field in names.items()}
            for stored_id, label in changed.items()
        ],
    )
