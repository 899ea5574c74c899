"""Predictions, their labels, counters of both, and the state of the retraining loop."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_WIDTHS = (60_000_000, 86_400_000_000)  # a minute and a day
# PostgreSQL's triggers count in slots, so that sessions that count at once do not wait.
_SLOTS = 8
_COPIES = "event_time, sampling_key, stratum, versions"


def upgrade() -> None:
    _create_tables()
    _create_indexes()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite_triggers() if sqlite else _postgresql_triggers():
        op.execute(statement)
    if not sqlite:
        op.execute(_VIEW)


def _create_tables() -> None:
    by_bytes = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "predictions",
        sa.Column("prediction_id", by_bytes, primary_key=True),
        sa.Column("entity_key", by_bytes),
        sa.Column("event_time", sa.BigInteger, nullable=False),
        sa.Column("arrival_time", sa.BigInteger, nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("outputs", sa.Text, nullable=False),
        sa.Column("schema_digest", sa.Text, nullable=False),
        sa.Column("target_digest", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("sampling_key", sa.BigInteger, nullable=False),
        sa.Column("stratum", sa.SmallInteger, nullable=False),
        sa.Column("versions", by_bytes, nullable=False),
    )
    op.create_table(
        "labels",
        sa.Column("prediction_id", by_bytes, primary_key=True),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("authority", sa.Text, nullable=False),
        sa.Column("official", sa.Boolean, nullable=False),
        sa.Column("replaced", sa.Text, nullable=False),
        sa.Column("event_time", sa.BigInteger),
        sa.Column("sampling_key", sa.BigInteger),
        sa.Column("stratum", sa.SmallInteger),
        sa.Column("versions", by_bytes),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "counters",
        sa.Column("width", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("versions", by_bytes, primary_key=True),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("predictions", sa.BigInteger, nullable=False),
        sa.Column("labels", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    loop = op.create_table(
        "loop",
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("state", sa.LargeBinary),
        sa.Column("lease", sa.LargeBinary),
    )
    op.bulk_insert(loop, [{"revision": 0}])


def _create_indexes() -> None:
    by_time, by_stratum = ["event_time", "prediction_id"], ["stratum", "versions", "event_time"]
    op.create_index("predictions_by_time", "predictions", by_time)
    op.create_index("predictions_by_stratum", "predictions", by_stratum)
    for name, table, columns in (
        ("predictions_by_entity", "predictions", ["entity_key"]),
        ("labels_by_time", "labels", by_time),
        ("labels_by_stratum", "labels", by_stratum),
    ):
        present = sa.text(f"{'event_time' if table == 'labels' else columns[0]} IS NOT NULL")
        op.create_index(name, table, columns, sqlite_where=present, postgresql_where=present)
    early = sa.text("event_time IS NULL")
    op.create_index("labels_early", "labels", ["time"], sqlite_where=early, postgresql_where=early)


def _start(time: str, width: str | int) -> str:
    """SQL for the start of a bucket (`%` keeps the sign, hence twice)."""
    return f"{time} - (({time} % {width}) + {width}) % {width}"


def _sqlite_triggers() -> Sequence[str]:
    """Triggers that run for each row."""
    return (
        f"""
        CREATE TRIGGER predictions_inserted AFTER INSERT ON predictions BEGIN
            {_sqlite_count("NEW", 1, 0)}
            UPDATE labels SET
                event_time = NEW.event_time, sampling_key = NEW.sampling_key,
                stratum = NEW.stratum, versions = NEW.versions
            WHERE prediction_id = NEW.prediction_id;
        END
        """,
        f"""
        CREATE TRIGGER predictions_deleted AFTER DELETE ON predictions BEGIN
            {_sqlite_count("OLD", -1, 0)}
            DELETE FROM labels WHERE prediction_id = OLD.prediction_id;
        END
        """,
        f"""
        CREATE TRIGGER labels_inserted AFTER INSERT ON labels
        WHEN NEW.event_time IS NOT NULL BEGIN
            {_sqlite_count("NEW", 0, 1)}
        END
        """,
        f"""
        CREATE TRIGGER labels_joined AFTER UPDATE OF event_time ON labels
        WHEN OLD.event_time IS NULL AND NEW.event_time IS NOT NULL BEGIN
            {_sqlite_count("NEW", 0, 1)}
        END
        """,
        f"""
        CREATE TRIGGER labels_deleted AFTER DELETE ON labels
        WHEN OLD.event_time IS NOT NULL BEGIN
            {_sqlite_count("OLD", 0, -1)}
        END
        """,
    )


def _sqlite_count(row: str, predictions: int, labels: int) -> str:
    buckets = ", ".join(
        f"({width}, {_start(f'{row}.event_time', width)}, {row}.versions, 0,"
        f" {predictions}, {labels})"
        for width in _WIDTHS
    )
    return f"""
        INSERT INTO counters (width, start, versions, slot, predictions, labels) VALUES {buckets}
        ON CONFLICT (width, start, versions, slot) DO UPDATE SET
            predictions = predictions + excluded.predictions, labels = labels + excluded.labels;
    """


def _postgresql_triggers() -> Sequence[str]:
    """Triggers that run for each statement, and their functions."""
    joined = "event_time IS NOT NULL"
    copies = ", ".join(f"{name} = changed_rows.{name}" for name in _COPIES.split(", "))
    bodies = (
        (
            "predictions_inserted",
            "INSERT ON predictions REFERENCING NEW TABLE AS changed_rows",
            f"""
            {_postgresql_count("changed_rows", 1, 0)}
            UPDATE labels SET {copies} FROM changed_rows
            WHERE labels.prediction_id = changed_rows.prediction_id;
            """,
        ),
        (
            "predictions_deleted",
            "DELETE ON predictions REFERENCING OLD TABLE AS changed_rows",
            f"""
            {_postgresql_count("changed_rows", -1, 0)}
            DELETE FROM labels USING changed_rows
            WHERE labels.prediction_id = changed_rows.prediction_id;
            """,
        ),
        (
            "labels_inserted",
            "INSERT ON labels REFERENCING NEW TABLE AS changed_rows",
            _postgresql_count("changed_rows", 0, 1, joined),
        ),
        (
            "labels_joined",
            "UPDATE ON labels REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
            _postgresql_count("old_rows", 0, -1, joined)
            + _postgresql_count("new_rows", 0, 1, joined),
        ),
        (
            "labels_deleted",
            "DELETE ON labels REFERENCING OLD TABLE AS changed_rows",
            _postgresql_count("changed_rows", 0, -1, joined),
        ),
    )
    statements = []
    for name, event, body in bodies:
        statements += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN NULL; END $$",
            f"CREATE TRIGGER {name} AFTER {event} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]
    return statements


def _postgresql_count(rows: str, predictions: int, labels: int, condition: str = "TRUE") -> str:
    widths = ", ".join(f"({width}::bigint)" for width in _WIDTHS)
    return f"""
        INSERT INTO counters AS known (width, start, versions, slot, predictions, labels)
        SELECT
            width, {_start("event_time", "width")}, versions,
            pg_backend_pid() % {_SLOTS}, {predictions} * count(*), {labels} * count(*)
        FROM {rows} CROSS JOIN (VALUES {widths}) AS widths (width)
        WHERE {condition}
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (width, start, versions, slot) DO UPDATE SET
            predictions = known.predictions + excluded.predictions,
            labels = known.labels + excluded.labels;
    """


# For people and their tools; the library does not read it.
_VIEW = """
    CREATE VIEW logged AS
    SELECT
        prediction_id, entity_key, caller,
        timestamptz 'epoch' + predictions.event_time * interval '1 microsecond' AS event_time,
        timestamptz 'epoch' + arrival_time * interval '1 microsecond' AS arrival_time,
        columns::json, outputs::json, label::json,
        timestamptz 'epoch' + time * interval '1 microsecond' AS label_time, authority,
        official, replaced
    FROM predictions LEFT JOIN labels USING (prediction_id)
"""
