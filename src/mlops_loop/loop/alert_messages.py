"""Why the loop acts: one sentence for each question that monitoring answered with trouble."""

from collections.abc import Sequence

from ..monitoring import Finding, MonitoringReport

NAMED = 5


def reasons(monitoring: MonitoringReport) -> dict[str, str]:
    """Sentences by question: performance, drift, quality; the gravest first."""
    troubled = {
        "performance": monitoring.performance == "worse",
        "drift": monitoring.drift,
        "quality": monitoring.quality,
    }
    return {
        # A slice is no reason: what acts is the answer for the whole.
        kind: _sentence(kind, [f for f in monitoring.findings if f.kind == kind and not f.slice])
        for kind, is_so in troubled.items()
        if is_so
    }


def _sentence(kind: str, findings: Sequence[Finding]) -> str:
    columns = [finding.column for finding in findings if finding.column]
    if not columns:
        return "; ".join(finding.summary() for finding in findings) or kind
    rest = len(columns) - NAMED
    more = f" and {rest} more column{'s' if rest > 1 else ''}" if rest > 0 else ""
    ratios = [found.value / found.threshold for found in findings if found.threshold > 0]
    times = f", up to {max(ratios):.1f} times the threshold" if ratios else ""
    return f"{kind} in {', '.join(columns[:NAMED])}{more}{times}"
