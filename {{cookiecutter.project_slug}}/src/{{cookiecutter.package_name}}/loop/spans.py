"""When each version served and when it ran in shadow, by what the prediction log holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ..bundle import read_bundle
from ..prediction_log import LoggedRow
from ..project import Project
from .story import Outcome, VersionSpan


@dataclass
class Trace:
    """Event times at which a version answered, and at which it ran in shadow."""

    served: list[datetime] = field(default_factory=list)
    shadow: list[datetime] = field(default_factory=list)


Traces = dict[str, Trace]


def follow(traces: Traces, rows: Sequence[LoggedRow]) -> None:
    """Add what some rows say about the versions that predicted them."""
    for row in rows:
        for output in row.record.outputs:
            trace = traces.setdefault(output.version, Trace())
            (trace.served if output.served else trace.shadow).append(row.record.event_time)


def served_spans(project: Project, traces: Traces, end: datetime) -> list[VersionSpan]:
    """Spans of the versions that predicted something, oldest version first."""
    published = project.published()
    spans = []
    for version, trace in sorted(traces.items(), key=lambda item: int(item[0])):
        manifest = read_bundle(project.bundles.fetch(version)).manifest
        is_champion = version == published.champion
        in_trial = version == published.challenger
        spans.append(
            VersionSpan(
                version=version,
                run_id=manifest.run_id,
                trained_until=datetime.fromisoformat(manifest.trained_until or manifest.created),
                served_from=min(trace.served, default=None),
                served_to=end if is_champion else max(trace.served, default=None),
                shadow_from=min(trace.shadow, default=None),
                shadow_to=end if in_trial else max(trace.shadow, default=None),
                outcome=_outcome(trace, is_champion=is_champion, in_trial=in_trial),
                figures=manifest.metrics,
            )
        )
    return spans


def refused_spans(project: Project) -> list[VersionSpan]:
    """Models that the gate refused; they never came near a request."""
    return [
        VersionSpan(
            version=str(entry.figures["version"]),
            run_id=str(entry.figures["run_id"]),
            trained_until=entry.time,
            served_from=None,
            served_to=None,
            shadow_from=None,
            shadow_to=None,
            outcome="refused",
        )
        for entry in project.journal.done()
        if entry.kind == "refused"
    ]


def _outcome(trace: Trace, *, is_champion: bool, in_trial: bool) -> Outcome:
    if is_champion:
        return "champion"
    if in_trial:
        return "challenger"
    return "retired" if trace.served else "rejected"
