"""When each version served or ran in shadow, from the prediction log."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._bundle import read_bundle
from .._project import Project
from .._publication import Rollout as Published
from ..prediction_log import LoggedRow
from .report.report import Outcome, VersionSpan


@dataclass
class ServingInterval:
    """An interval of event time in which a version served, or ran in shadow."""

    served: bool
    since: datetime
    until: datetime


Traces = dict[str, list[ServingInterval]]


def follow(traces: Traces, rows: Iterable[LoggedRow]) -> None:
    """Add the versions of some rows, in order of time."""
    for row in rows:
        for output in row.record.outputs:
            intervals, moment = traces.setdefault(output.version, []), row.record.event_time
            if intervals and intervals[-1].served == output.served:
                intervals[-1].until = moment
            else:
                intervals.append(ServingInterval(output.served, moment, moment))


def served_spans(project: Project, traces: Traces, end: datetime) -> list[VersionSpan]:
    """Intervals of all versions with predictions, oldest version first."""
    back = _rolled_back(project)
    spans = []
    for version, intervals in sorted(traces.items(), key=lambda item: int(item[0])):
        manifest = read_bundle(project.bundles.fetch(version)).manifest
        outcome = _outcome(version, project.published(), intervals, back)
        goes_on = outcome in ("champion", "challenger") or version == project.published().challenger
        pairs = _paired(intervals)
        for at, (shadow, answered) in enumerate(pairs):
            # Open intervals end with the replay.
            until = end if goes_on and at == len(pairs) - 1 else None
            served_from, served_to = _bounds(answered, until)
            shadow_from, shadow_to = _bounds(shadow, None if answered else until)
            spans.append(
                VersionSpan(
                    version=version,
                    run_id=manifest.run_id,
                    trained_until=datetime.fromisoformat(
                        manifest.trained_until or manifest.created
                    ),
                    served_from=served_from,
                    served_to=served_to,
                    shadow_from=shadow_from,
                    shadow_to=shadow_to,
                    outcome=outcome,
                    details=manifest.metrics,
                )
            )
    return spans


def _bounds(
    interval: ServingInterval | None, until: datetime | None
) -> tuple[datetime | None, datetime | None]:
    return (None, None) if interval is None else (interval.since, until or interval.until)


def _rolled_back(project: Project) -> set[object]:
    """Versions that were champion until a rollback."""
    entries = (entry for entry in project.audit_log.completed() if entry.kind == "rollback")
    champions = (entry.details["before"] for entry in entries)
    return {before.get("champion") for before in champions if isinstance(before, dict)}


def _paired(
    intervals: Sequence[ServingInterval],
) -> list[tuple[ServingInterval | None, ServingInterval | None]]:
    """(in shadow, then serving) for each span; either may be missing."""
    pairs: list[tuple[ServingInterval | None, ServingInterval | None]] = []
    for interval in intervals:
        if not interval.served:
            pairs.append((interval, None))
        elif pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], interval)
        else:
            pairs.append((None, interval))
    return pairs


def rejected_spans(project: Project) -> list[VersionSpan]:
    """Intervals of versions that the gate rejected."""
    return [
        VersionSpan(
            version=str(entry.details["version"]),
            run_id=str(entry.details["run_id"]),
            trained_until=entry.time,
            served_from=None,
            served_to=None,
            shadow_from=None,
            shadow_to=None,
            outcome="rejected at gate",
        )
        for entry in project.audit_log.completed()
        if entry.kind == "gate_rejected"
    ]


def _outcome(
    version: str,
    published: Published,
    intervals: Sequence[ServingInterval],
    back: Container[object],
) -> Outcome:
    if version == published.champion:
        return "champion"
    if version == published.challenger and not published.probation:
        return "challenger"
    if version in back:
        return "rolled back"
    return "retired" if any(interval.served for interval in intervals) else "rejected"
