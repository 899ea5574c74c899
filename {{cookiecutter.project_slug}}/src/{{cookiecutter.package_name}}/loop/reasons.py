"""Why the loop acts: one sentence for each question that monitoring answered with trouble."""

from collections.abc import Sequence

from ..monitoring import Finding, Monitoring

NAMED = 5


def reasons(monitoring: Monitoring) -> dict[str, str]:
    """Sentences by question: performance, drift, quality; the gravest first."""
    troubled = {
        "performance": monitoring.performance == "worse",
        "drift": monitoring.drift,
        "quality": monitoring.quality,
    }
    return {
        kind: _sentence(kind, [f for f in monitoring.findings if f.kind == kind])
        for kind, is_so in troubled.items()
        if is_so
    }


def _sentence(kind: str, findings: Sequence[Finding]) -> str:
    columns = [finding.column for finding in findings if finding.column]
    if not columns:
        return "; ".join(finding.sentence() for finding in findings) or kind
    more = f" and {len(columns) - NAMED} more columns" if len(columns) > NAMED else ""
    return f"{kind} in {', '.join(columns[:NAMED])}{more}"
