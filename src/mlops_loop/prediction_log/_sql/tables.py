"""The tables of the log, as queries name them; `migrations/` defines them.

Times are whole microseconds (see _timestamps.py). `columns`, `outputs`, `label` and `replaced`
(see `StoredLabel`) are JSON, and `versions` is the group of a row (see _versions.py).
"""

from sqlalchemy import TableClause, column, table


def _table(name: str, *columns: str) -> TableClause:
    return table(name, *map(column, columns))


PREDICTIONS = _table(
    "predictions",
    "prediction_id",
    "entity_key",
    "event_time",
    "arrival_time",
    "columns",
    "outputs",
    "schema_digest",
    "target_digest",
    "caller",
    "sampling_key",
    "stratum",
    "versions",
)

# What a label copies of its prediction, to be found by it; NULL until the prediction is there.
COPIED = ("event_time", "sampling_key", "stratum", "versions")

LABELS = _table(
    "labels", "prediction_id", "label", "time", "authority", "official", "replaced", *COPIED
)

# How many predictions and labels there are in each minute and day (`width`) of event time. A
# counter is the sum of its slots: sessions that count at once do not wait for each other. Triggers
# keep the counters, and what labels copy, up to date in the transaction of every change.
COUNTERS = _table("counters", "width", "start", "versions", "slot", "predictions", "labels")

# One row: the state of the retraining loop and its lease (see loop/_states/sql.py).
LOOP = _table("loop", "revision", "state", "lease")
