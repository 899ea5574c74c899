"""The tables of the log, as the newest revision in `migrations/` leaves them.

Times are whole microseconds (see timestamps.py). `columns`, `outputs` and `label` are JSON.
Triggers update `counters` and the copies in `labels` in the transaction of every change.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

METADATA = MetaData()

# PostgreSQL should compare ids and keys by their bytes, as SQLite and Python do.
_BYTES = Text().with_variant(Text(collation="C"), "postgresql")

PREDICTIONS = Table(
    "predictions",
    METADATA,
    Column("prediction_id", _BYTES, primary_key=True),
    Column("entity_key", _BYTES),
    Column("event_time", BigInteger, nullable=False),
    Column("arrival_time", BigInteger, nullable=False),
    Column("columns", Text, nullable=False),
    Column("outputs", Text, nullable=False),
    Column("schema_digest", Text, nullable=False),
    Column("target_digest", Text, nullable=False),
    Column("sampling_key", BigInteger, nullable=False),
    Column("stratum", SmallInteger, nullable=False),
    Column("versions", _BYTES, nullable=False),
    Index("predictions_by_time", "event_time", "prediction_id"),
    Index("predictions_by_stratum", "stratum", "versions", "event_time"),
)
Index(
    "predictions_by_entity",
    PREDICTIONS.c.entity_key,
    sqlite_where=text("entity_key IS NOT NULL"),
    postgresql_where=text("entity_key IS NOT NULL"),
)

# The last four are those of the prediction; NULL in a label that came before its prediction.
LABELS = Table(
    "labels",
    METADATA,
    Column("prediction_id", _BYTES, primary_key=True),
    Column("label", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("authority", Text, nullable=False),
    Column("event_time", BigInteger),
    Column("sampling_key", BigInteger),
    Column("stratum", SmallInteger),
    Column("versions", _BYTES),
    sqlite_with_rowid=False,
)
for _name, _columns in (
    ("labels_by_time", (LABELS.c.event_time, LABELS.c.prediction_id)),
    ("labels_by_stratum", (LABELS.c.stratum, LABELS.c.versions, LABELS.c.event_time)),
):
    Index(
        _name,
        *_columns,
        sqlite_where=text("event_time IS NOT NULL"),
        postgresql_where=text("event_time IS NOT NULL"),
    )

# Predictions and labels by minute and day of event time, and by the versions that answered.
# A counter is the sum of its slots: sessions that count at once do not wait for each other.
COUNTERS = Table(
    "counters",
    METADATA,
    Column("width", BigInteger, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("versions", _BYTES, primary_key=True),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("predictions", BigInteger, nullable=False),
    Column("labels", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# One row: the state of the retraining loop and its lease (see loop/states/sql.py).
LOOP = Table(
    "loop",
    METADATA,
    Column("revision", BigInteger, nullable=False),
    Column("state", LargeBinary),
    Column("lease", LargeBinary),
)
