"""Incidents: all findings of one kind in a window, which actions and alerts are about."""

from collections.abc import Sequence
from dataclasses import dataclass

from ._findings import Finding
from ._monitoring_report import KINDS, MonitoringReport

MAX_FINDINGS = 3


@dataclass(frozen=True)
class Incident:
    """A kind of finding that has failed in a window.

    Attributes:
        kind: drift, performance, quality, or a kind of the project's own checks.
        text: one sentence that says what was found.
        findings: the findings of this kind, without those about a slice of the rows.
        report: the whole report of the window.

    Examples:
        >>> finding = Finding("volume", "only 12 predictions")
        >>> report = MonitoringReport(Window(since, until, rows=12, sampled=12), {}, (finding,))
        >>> Incident("volume", finding.text, (finding,), report).text
        'only 12 predictions'
    """

    kind: str
    text: str
    findings: tuple[Finding, ...]
    report: MonitoringReport


def find_incidents(report: MonitoringReport) -> tuple[Incident, ...]:
    """One incident for each kind that failed, the most severe first.

    A finding about a slice alone makes no incident: the status of the whole window decides.
    """
    kinds = [*KINDS, *(kind for kind in report.statuses if kind not in KINDS)]
    return tuple(_incident(kind, report) for kind in kinds if report.statuses.get(kind) == "failed")


def _incident(kind: str, report: MonitoringReport) -> Incident:
    findings = tuple(
        finding for finding in report.findings if finding.kind == kind and not finding.slice
    )
    return Incident(kind, _text(kind, findings), findings, report)


def _text(kind: str, findings: Sequence[Finding]) -> str:
    if not findings:
        return kind
    rest = len(findings) - MAX_FINDINGS
    more = f"; {rest} more finding{'s' if rest > 1 else ''}" if rest > 0 else ""
    return "; ".join(finding.text for finding in findings[:MAX_FINDINGS]) + more
