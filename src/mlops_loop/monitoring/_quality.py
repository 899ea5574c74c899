"""Data quality: violations of the contract, and deviations from the training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from .._bundle import Bundle
from ..contract import Contract
from ..contract._check import Checked
from ..contract._columns import missing
from ..contract._evidently_definition import compared_columns
from ..prediction_log import LoggedRow
from ._constant_columns import constant_columns
from ._findings import Finding, Severity
from ._samples import Sample

# A share of missing values moves with the seasons (calm air has no gusts). A rise by this share of
# all rows deserves a look, and is less than what a source that stopped delivering does.
MISSING_RISE = 0.2
# Fewer rows than these say nothing about how many there should be.
FEWEST_BEFORE = 100
FEWEST_FOR_AGE = 20

_TEXTS = {
    "violation_share": "{value:.1%} of the rows violate the contract{in_column} (limit "
    "{threshold:.1%})",
    "missing_share": "{column} is missing in {value:.0%} of the rows, {before:.0%} before (limit "
    "{threshold:.0%})",
    "unseen_share": "{column} has values not seen in training in {value:.1%} of the rows (limit "
    "{threshold:.1%})",
    "distinct_values": "{column} has the same value in every row",
    "rows": "only {value:.0f} rows, {before:.0f} in the previous window (limit {threshold:.0f})",
    "age_hours": "the newest row is {value:.0f} hours older than the end of the window (limit "
    "{threshold:.0f})",
}


@dataclass(frozen=True)
class Traffic:
    """How many rows came in a window, how many in the one before, and when the last one came."""

    since: datetime
    until: datetime
    rows: int
    rows_before: int
    newest: datetime | None


def find_quality(
    contract: Contract, max_share: float, *, reference: Sample, checked: Checked, bundle: Bundle
) -> list[Finding]:
    """Broken rules, missing values, new categories and columns that became constant.

    Args:
        contract: the rules.
        max_share: the share of rows that may break one, or hold new categories.
        reference: held-out rows of the champion.
        checked: the sampled rows of the window.
        bundle: the champion, which knows the categories of its training data.
    """
    rows = len(checked.accepted)
    if not rows:
        return []
    findings = _violations(checked, max_share)
    reported = {finding.column for finding in findings}
    for name, (value, before) in _missing_shares(contract, checked, reference).items():
        limit = _missing_limit(before)
        if value > limit and name not in reported:
            findings.append(_finding(name, "missing_share", value, limit, before))
    for name, value in _unseen_shares(checked, reference, bundle).items():
        if value > max_share and name not in reported:
            findings.append(_finding(name, "unseen_share", value, max_share))
    for name in constant_columns(contract, reference.columns, checked.columns):
        findings.append(_finding(name, "distinct_values", 1.0, 2.0))
    return findings


def find_traffic(traffic: Traffic) -> list[Finding]:
    """Too few rows against the window before, or none for the last quarter of the window."""
    findings = []
    half = traffic.rows_before / 2
    if traffic.rows_before >= FEWEST_BEFORE and traffic.rows < half:
        findings.append(
            _finding(None, "rows", float(traffic.rows), half, float(traffic.rows_before))
        )
    if traffic.newest is not None and traffic.rows >= FEWEST_FOR_AGE:
        limit = (traffic.until - traffic.since) / 4
        age = traffic.until - traffic.newest
        if age > limit:
            findings.append(_finding(None, "age_hours", _hours(age), _hours(limit)))
    return findings


def newest_of(rows: Sequence[LoggedRow]) -> datetime | None:
    """Event time of the newest of the rows."""
    return max((row.record.event_time for row in rows), default=None)


def _violations(checked: Checked, max_share: float) -> list[Finding]:
    """For each column, and for the rows as a whole, the worst first."""
    rows_of: dict[str, set[int]] = {}
    for violation in checked.violations:
        rows_of.setdefault(violation.column, set()).add(violation.row)
    total = len(checked.accepted)
    shares: dict[str | None, float] = {None: len(set().union(*rows_of.values())) / total}
    shares |= {name: len(rows) / total for name, rows in rows_of.items()}
    return [
        _finding(name, "violation_share", share, max_share)
        for name, share in sorted(shares.items(), key=lambda item: (item[0] is not None, -item[1]))
        if share > max_share
    ]


def _missing_shares(
    contract: Contract, checked: Checked, reference: Sample
) -> Mapping[str, tuple[float, float]]:
    """Share in the window, and in the reference."""
    return {
        name: (
            float(missing(checked.columns[name]).mean()),
            float(missing(reference.columns[name]).mean()),
        )
        for spec in compared_columns(contract)
        if (name := spec.name) in reference.columns
    }


def _missing_limit(share: float) -> float:
    """From which share on it is too much; a column that vanished is always too much."""
    return min(share + MISSING_RISE, max(share, 0.999))


def _unseen_shares(checked: Checked, reference: Sample, bundle: Bundle) -> Mapping[str, float]:
    shares = {}
    for name, words in bundle.encoder.vocabularies.items():
        if name in checked.columns and name in reference.columns:
            known = {*words, *reference.columns[name].tolist(), None}
            unseen = [value not in known for value in checked.columns[name].tolist()]
            shares[name] = float(np.mean(unseen))
    return shares


def _finding(
    column: str | None, statistic: str, value: float, threshold: float, before: float = 0.0
) -> Finding:
    severity: Severity = "critical" if column is None else "warning"
    in_column = f" in {column}" if column else ""
    text = _TEXTS[statistic].format(
        column=column, in_column=in_column, value=value, threshold=threshold, before=before
    )
    return Finding("quality", text, severity, column, statistic, value, threshold)


def _hours(span: timedelta) -> float:
    return span.total_seconds() / 3600
