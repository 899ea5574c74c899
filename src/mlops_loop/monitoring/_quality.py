"""Data quality: violations of the contract, and deviations from the training data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from .._encoder import Encoder
from ..contract import Contract
from ..contract._check import check_columns
from ..contract._columns import Array, missing
from ..contract._evidently_definition import compared_columns
from ..contract._violations import Checked
from ..prediction_log import LoggedRow
from ._constant_columns import constant_columns
from ._findings import Finding, Severity
from ._samples import Sample
from ._sampling_error import clusters_of, fit_effects, quality_alpha
from ._share_comparison import ShareComparison

# The change of the share of missing values that deserves a look, if chance does not explain it. A
# drop means that something fills them in.
MISSING_CHANGE = 0.05
# Fewer rows than these say nothing about how many there should be.
FEWEST_BEFORE = 100
FEWEST_FOR_AGE = 20

_TEXTS = {
    "violation_share": "{value:.1%} of the rows violate the contract{in_column}, {before:.1%} "
    "before (limit {threshold:.1%})",
    "missing_share": "{column} is missing in {value:.0%} of the rows, {before:.0%} before (limit "
    "{threshold:.0%})",
    "present_share": "{column} has a value in {value:.0%} of the rows, {before:.0%} before (limit "
    "{threshold:.0%})",
    "unseen_share": "{column} has values not seen in training in {value:.1%} of the rows, "
    "{before:.1%} before (limit {threshold:.1%})",
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
    contract: Contract, max_share: float, *, reference: Sample, checked: Checked, encoder: Encoder
) -> list[Finding]:
    """Broken rules, missing values, new categories and columns that became constant.

    Each share is compared with that of the reference, and what chance explains.

    Args:
        contract: the rules.
        max_share: the share of rows that may break one, or hold new categories.
        reference: held-out rows of the champion.
        checked: the sampled rows of the window.
        encoder: that of the champion, which knows the categories of its training data.
    """
    if not len(checked.accepted) or not len(reference):
        return []
    compared = [spec.name for spec in compared_columns(contract) if spec.name in reference.columns]
    alpha = quality_alpha(len(compared))
    shares = [
        *_violations(contract, checked, reference, alpha),
        *_missing(compared, checked, reference, alpha),
        *_unseen(checked, reference, encoder, alpha),
    ]
    clusters = clusters_of(contract, reference.columns, checked.columns)
    fit_effects([share.series for share in shares], clusters)
    findings: list[Finding] = []
    for share in shares:
        if share.column is None or share.column not in {finding.column for finding in findings}:
            findings += _found(share, max_share)
    constant = constant_columns(contract, reference.columns, checked.columns, alpha)
    return findings + [_finding(name, "distinct_values", 1.0, 2.0) for name in constant]


def _found(share: ShareComparison, max_share: float) -> list[Finding]:
    value = share.value
    if share.statistic != "missing_share":
        limit = max(max_share, share.highest(0.0))
    elif value < (lowest := share.lowest(MISSING_CHANGE)):
        return [_finding(share.column, "present_share", 1 - value, 1 - lowest, 1 - share.before)]
    else:
        limit = share.highest(MISSING_CHANGE)
    if value <= limit:
        return []
    return [_finding(share.column, share.statistic, value, limit, share.before)]


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


def _violations(
    contract: Contract, checked: Checked, reference: Sample, alpha: float
) -> list[ShareComparison]:
    """For the rows as a whole, and for each column, the worst first."""
    specs = [spec for spec in contract.inputs if spec.name in reference.columns]
    before = check_columns(contract, reference.columns, specs)
    names = dict.fromkeys(violation.column for violation in checked.violations)
    shares = [
        ShareComparison(
            name,
            "violation_share",
            _violating(before, name, len(reference)),
            _violating(checked, name, len(checked.accepted)),
            alpha,
        )
        for name in [None, *names]
    ]
    return sorted(shares, key=lambda share: (share.column is not None, -share.value))


def _violating(checked: Checked, column: str | None, rows: int) -> NDArray[np.bool_]:
    mask = np.zeros(rows, dtype=np.bool_)
    mask[[each.row for each in checked.violations if column in (None, each.column)]] = True
    return mask


def _missing(
    names: Sequence[str], checked: Checked, reference: Sample, alpha: float
) -> list[ShareComparison]:
    return [
        ShareComparison(
            name,
            "missing_share",
            missing(reference.columns[name]),
            missing(checked.columns[name]),
            alpha,
        )
        for name in names
    ]


def _unseen(
    checked: Checked, reference: Sample, encoder: Encoder, alpha: float
) -> list[ShareComparison]:
    """Categories that training did not see; rare ones may be new in the reference as well."""
    return [
        ShareComparison(
            name,
            "unseen_share",
            _not_in({*words, None}, reference.columns[name]),
            _not_in({*words, None}, checked.columns[name]),
            alpha,
        )
        for name, words in encoder.vocabularies.items()
        if name in checked.columns and name in reference.columns
    ]


def _not_in(known: set[str | None], values: Array) -> NDArray[np.bool_]:
    return np.array([value not in known for value in values.tolist()], dtype=np.bool_)


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
