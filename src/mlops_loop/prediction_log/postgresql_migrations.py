"""What has been done to the tables of the PostgreSQL log, one change after the other, in SQL."""

from collections.abc import Sequence

from .timestamps import DAY, MINUTE

Migration = Sequence[str]

# Writers that count at once should not wait for each other: each has a few counters of its own.
_SLOTS = 8


def _count(
    rows: str, predictions: int, labels: int, condition: str = "TRUE", *, by_version: bool = False
) -> str:
    """SQL that adds rows to the counters of their minute and day (`%` keeps the sign)."""
    key, place, own = (
        ("width, start, versions", "1, 2, 3", ", versions")
        if by_version
        else ("width, start", "1, 2", "")
    )
    return f"""
        INSERT INTO counters AS known ({key}, slot, predictions, labels)
        SELECT
            width, event_time - ((event_time % width) + width) % width{own},
            pg_backend_pid() % {_SLOTS}, {predictions} * count(*), {labels} * count(*)
        FROM {rows} CROSS JOIN (VALUES ({MINUTE}::bigint), ({DAY}::bigint)) AS widths (width)
        WHERE {condition}
        GROUP BY {place} ORDER BY {place}
        ON CONFLICT ({key}, slot) DO UPDATE SET
            predictions = known.predictions + excluded.predictions,
            labels = known.labels + excluded.labels;
    """


def _trigger(name: str, event: str, table: str, rows: str, body: str) -> Migration:
    """SQL for what is to follow each statement that changes a table."""
    return (
        _function(name, body),
        f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {rows}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    )


def _function(name: str, body: str) -> str:
    """SQL for what a trigger does; it takes the place of what it did before."""
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body} RETURN NULL; END $$"
    )


_JOINED = "event_time IS NOT NULL"

# Triggers keep counters and labels in step with every row really inserted, joined or deleted, in
# the same transaction, whoever writes. Predictions are never changed: where the label's copy of
# the time and stratum is empty, it waits for its prediction.
_FIRST: Migration = (
    """
    CREATE TABLE predictions (
        prediction_id text COLLATE "C" PRIMARY KEY,
        entity_key text COLLATE "C",
        event_time bigint NOT NULL,
        arrival_time bigint NOT NULL,
        columns text NOT NULL,
        outputs text NOT NULL,
        sampling_key bigint NOT NULL,
        stratum smallint NOT NULL
    )
    """,
    """
    CREATE TABLE labels (
        prediction_id text COLLATE "C" PRIMARY KEY,
        label text NOT NULL,
        time bigint NOT NULL,
        event_time bigint,
        sampling_key bigint,
        stratum smallint
    )
    """,
    """
    CREATE TABLE counters (
        width bigint NOT NULL,
        start bigint NOT NULL,
        slot smallint NOT NULL,
        predictions bigint NOT NULL,
        labels bigint NOT NULL,
        PRIMARY KEY (width, start, slot)
    )
    """,
    # Where the loop stands, and who may change it (loop/states/postgresql.py).
    "CREATE TABLE loop (state bytea, revision bigint NOT NULL, lease bytea)",
    "INSERT INTO loop VALUES (NULL, 0, NULL)",
    "CREATE INDEX predictions_by_time ON predictions (event_time, prediction_id)",
    "CREATE INDEX predictions_by_stratum ON predictions (stratum, event_time)",
    "CREATE INDEX predictions_by_entity ON predictions (entity_key) WHERE entity_key IS NOT NULL",
    f"CREATE INDEX labels_by_time ON labels (event_time, prediction_id) WHERE {_JOINED}",
    f"CREATE INDEX labels_by_stratum ON labels (stratum, event_time) WHERE {_JOINED}",
    *_trigger(
        "predictions_came",
        "INSERT",
        "predictions",
        "NEW TABLE AS came",
        f"""{_count("came", 1, 0)}
        UPDATE labels SET
            event_time = came.event_time, sampling_key = came.sampling_key, stratum = came.stratum
        FROM came
        WHERE labels.prediction_id = came.prediction_id AND labels.event_time IS NULL;
        """,
    ),
    *_trigger(
        "predictions_went",
        "DELETE",
        "predictions",
        "OLD TABLE AS went",
        f"""{_count("went", -1, 0)}
        DELETE FROM labels USING went WHERE labels.prediction_id = went.prediction_id;
        """,
    ),
    *_trigger(
        "labels_came", "INSERT", "labels", "NEW TABLE AS came", _count("came", 0, 1, _JOINED)
    ),
    *_trigger(
        "labels_changed",
        "UPDATE",
        "labels",
        "OLD TABLE AS went NEW TABLE AS came",
        _count("went", 0, -1, _JOINED) + _count("came", 0, 1, _JOINED),
    ),
    *_trigger(
        "labels_went", "DELETE", "labels", "OLD TABLE AS went", _count("went", 0, -1, _JOINED)
    ),
    # For people and their tools; nothing here reads it.
    """
    CREATE VIEW logged AS
    SELECT
        prediction_id, entity_key,
        timestamptz 'epoch' + predictions.event_time * interval '1 microsecond' AS event_time,
        timestamptz 'epoch' + arrival_time * interval '1 microsecond' AS arrival_time,
        columns::json, outputs::json, label::json,
        timestamptz 'epoch' + time * interval '1 microsecond' AS label_time
    FROM predictions LEFT JOIN labels USING (prediction_id)
    """,
)

# Indexes and counters file rows by the versions that answered them (see versions.py).
_VERSION = r""""version":("([^"\\]|\\.)*")"""
_FOLLOW = """
    UPDATE labels SET
        event_time = came.event_time, sampling_key = came.sampling_key, stratum = came.stratum,
        versions = came.versions
    FROM came
    WHERE labels.prediction_id = came.prediction_id AND labels.event_time IS NULL;
"""
_BY_VERSION: Migration = (
    "DROP INDEX predictions_by_stratum",
    "DROP INDEX labels_by_stratum",
    "ALTER TABLE predictions ADD COLUMN versions text COLLATE \"C\" NOT NULL DEFAULT ''",
    "ALTER TABLE labels ADD COLUMN versions text COLLATE \"C\" NOT NULL DEFAULT ''",
    "ALTER TABLE labels DISABLE TRIGGER labels_changed",
    f"""
    UPDATE predictions SET versions = coalesce((
        SELECT string_agg(DISTINCT said[1], ',' ORDER BY said[1])
        FROM regexp_matches(outputs COLLATE "C", '{_VERSION}', 'g') AS said
    ), '')
    """,
    """
    UPDATE labels SET versions = predictions.versions
    FROM predictions WHERE predictions.prediction_id = labels.prediction_id
    """,
    "ALTER TABLE labels ENABLE TRIGGER labels_changed",
    "DELETE FROM counters",
    'ALTER TABLE counters ADD COLUMN versions text COLLATE "C" NOT NULL',
    "ALTER TABLE counters DROP CONSTRAINT counters_pkey",
    "ALTER TABLE counters ADD PRIMARY KEY (width, start, versions, slot)",
    _count("predictions", 1, 0, by_version=True),
    _count("labels", 0, 1, _JOINED, by_version=True),
    "CREATE INDEX predictions_by_stratum ON predictions (stratum, versions, event_time)",
    f"CREATE INDEX labels_by_stratum ON labels (stratum, versions, event_time) WHERE {_JOINED}",
    _function("predictions_came", _count("came", 1, 0, by_version=True) + _FOLLOW),
    _function(
        "predictions_went",
        f"""{_count("went", -1, 0, by_version=True)}
        DELETE FROM labels USING went WHERE labels.prediction_id = went.prediction_id;
        """,
    ),
    _function("labels_came", _count("came", 0, 1, _JOINED, by_version=True)),
    _function(
        "labels_changed",
        _count("went", 0, -1, _JOINED, by_version=True)
        + _count("came", 0, 1, _JOINED, by_version=True),
    ),
    _function("labels_went", _count("went", 0, -1, _JOINED, by_version=True)),
)

_BY_SCHEMA: Migration = (
    "ALTER TABLE predictions ADD COLUMN schema_digest text NOT NULL DEFAULT ''",
)

# Append only: `schema_version` says how many of these a log has seen.
MIGRATIONS: Sequence[Migration] = (_FIRST, _BY_VERSION, _BY_SCHEMA)
