"""How far the labelled rows of a project reach, which may be less far than its clock."""

from datetime import UTC, datetime

from .._project import Project
from ..errors import SnapshotError
from ..prediction_log import PredictionLog
from ..prediction_log._last_day import DAY, last_day
from ..prediction_log._none import keeps_nothing


def latest_row(project: Project, since: datetime, until: datetime) -> datetime:
    """The latest event time of a labelled row that is known, exact to a day in the log.

    That is of the latest snapshot or the prediction log. The source is not read: what it got since
    the last ingestion counts after the next one.

    Args:
        project: the project.
        since: the result if no later row is known.
        until: end of the event times, excluded.
    """
    reached = min(until, snapshot_end(project) or since)
    return max(since, reached, _of_log(project.log, since, until))


def snapshot_end(project: Project) -> datetime | None:
    """The latest event time of the latest snapshot; None if there is none, or it is damaged."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    from ..data._snapshot import latest_snapshot

    time = project.contract.time
    if time is None:
        return None
    try:
        with ParquetFile(latest_snapshot(project.paths.snapshots).path) as file:
            if not file.num_row_groups or time.name not in file.schema_arrow.names:
                return None
            # Rows are in the order of their times.
            last = file.read_row_group(file.num_row_groups - 1, columns=[time.name])
    except (SnapshotError, OSError, pa.ArrowInvalid):
        return None
    times = [moment for moment in last[time.name].to_pylist() if moment is not None]
    return max(times).replace(tzinfo=UTC) if times else None


def _of_log(log: PredictionLog, since: datetime, until: datetime) -> datetime:
    """The end of the last day with labels."""
    if keeps_nothing(log) or since >= until or not log.count(since, until).labels:
        return since
    return min(until, last_day(log, since, until, labelled=True) + DAY)
