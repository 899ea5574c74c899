"""Decisions of drift and data quality, simulated: what is found where nothing has changed."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._settings import Monitoring
from mlops_loop.contract import Columns
from mlops_loop.contract._check import check_columns
from mlops_loop.contract._columns import length
from mlops_loop.monitoring._drift import find_drift
from mlops_loop.monitoring._findings import Finding
from mlops_loop.monitoring._quality import find_quality
from mlops_loop.monitoring._samples import Sample

from .case import Aim, Case
from .drift_data import MIXED, TYPES, Random, Table

SETTINGS = Monitoring()


@dataclass(frozen=True)
class Unchanged:
    """Whether a window of the same process has an alarm of drift, or any finding."""

    table: Table
    counted: Literal["alarm", "finding"]

    def __call__(self, random: Random) -> bool:
        findings = find(self.table, *self.table.sides(random))
        return any(self.counted == "finding" or is_alarm(finding) for finding in findings)


def find(
    table: Table,
    reference: Columns,
    window: Columns,
    importances: dict[str, float] | None = None,
) -> list[Finding]:
    """The findings of drift and of quality."""
    sides = [Sample(side, np.full((length(side), 2), np.nan)) for side in (reference, window)]
    drift = find_drift(
        table.contract,
        SETTINGS,
        reference=sides[0],
        window=sides[1],
        importances=importances,
    )
    quality = find_quality(
        table.contract,
        SETTINGS.max_violation_share,
        reference=sides[0],
        checked=check_columns(table.contract, window),
        encoder=_encoder(table),
    )
    return [*drift.findings, *quality]


def is_alarm(finding: Finding) -> bool:
    return finding.kind == "drift" and finding.severity == "critical"


@cache
def _encoder(table: Table) -> Encoder:
    """Of a training set, which is larger and older than the reference."""
    names = [name for name, kind in table.kind_of.items() if TYPES.get(kind) == "category"]
    specs = [FeatureColumn(name, "category") for name in names]
    older = Table(table.columns, table.kinds, 10 * table.rows).sides(np.random.default_rng(0))[0]
    return Encoder.fit(specs, older)


_ALARM, _FINDING = "unchanged: drift alarm", "unchanged: any finding of drift or quality"
_RARELY = Aim("at most", 0.05)
_INDEPENDENT = {
    "normal, 30 columns, 2,000 rows": (Table(), 100),
    "Cauchy, Pareto(1.5), lognormal(2)": (Table(kinds=("cauchy", "pareto", "lognormal")), 100),
    "counts and rare booleans, 40% missing": (Table(kinds=("count", "rare"), missing=0.4), 100),
    "500 categories, 5 columns": (Table(5, ("many",)), 100),
    "mixed kinds, 5 columns, 200 rows": (Table(5, MIXED[3:], rows=200), 100),
    "mixed kinds, 150 columns": (Table(150, MIXED), 20),
    "mixed kinds, 8 columns, 10,000 rows": (Table(8, MIXED, rows=10_000), 25),
}
_MANY = "the same with 500 categories"
_KNOWN = {_MANY: "rare levels that follow the day are too few to tell from a change"}
_CLUSTERED = {
    "within-day correlation .1": Table(within=0.1),
    "within-day correlation .3": Table(within=0.3),
    "within-day .1, AR(.7) between days": Table(within=0.1, between=0.7),
    "within-day .3, AR(.7) between days": Table(within=0.3, between=0.7),
    "within-day .3, half of it weekly": Table(within=0.3, weekly=0.5),
    "mixed kinds but 500 categories, 10% missing, within-day .1, AR(.7)": Table(
        28, MIXED[:-1], within=0.1, between=0.7, missing=0.1
    ),
    _MANY: Table(28, MIXED, within=0.1, between=0.7, missing=0.1),
    "correlation .3 within 40 groups": Table(within=0.3, groups=40),
}

CASES: tuple[Case, ...] = (
    *(
        Case(_FINDING, name, Unchanged(table, "finding"), trials, _RARELY)
        for name, (table, trials) in _INDEPENDENT.items()
    ),
    *(
        Case(_FINDING, name, Unchanged(table, "finding"), 100, _RARELY, _KNOWN.get(name, ""))
        for name, table in _CLUSTERED.items()
    ),
    *(
        Case(_ALARM, name, Unchanged(table, "alarm"), 50, _RARELY)
        for name, table in _CLUSTERED.items()
        if table.between
    ),
)
