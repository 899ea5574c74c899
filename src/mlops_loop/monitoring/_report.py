"""Evidently, kept in one place: it measures the distances and draws the page."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .._atomic import atomic_write
from ..contract import Contract
from ..contract._evidently_definition import data_definition
from ._column_comparison import ColumnComparison
from ._report_page import render


@dataclass(frozen=True)
class EvidentlyResult:
    """Distance by column, and Evidently's snapshot, which can draw itself; None without a page."""

    distances: Mapping[str, float]
    snapshot: Any


def run_evidently(
    contract: Contract,
    comparisons: Sequence[ColumnComparison],
    prediction: ColumnComparison | None,
    *,
    drift_share: float,
    page: bool = True,
) -> EvidentlyResult:
    """Measure how far the window is from the reference.

    Args:
        contract: contract of the columns.
        comparisons: input columns; each has values on both sides.
        prediction: predictions on both sides, in a section of their own.
        drift_share: share of drifted columns from which the window counts as drifted.
        page: whether to render the page, which takes half of the time.
    """
    with _quiet():
        from evidently import Dataset, Report
        from evidently.metrics import ValueDrift
        from evidently.presets import DataDriftPreset

        everything = [*comparisons, *([] if prediction is None else [prediction])]
        preset = DataDriftPreset(
            columns=[column.name for column in comparisons],
            per_column_method={column.name: column.method for column in comparisons},
            per_column_threshold={column.name: column.threshold for column in comparisons},
            drift_share=drift_share,
        )
        alone = everything[len(comparisons) :] if page else everything
        metrics = [preset] * page + [
            ValueDrift(
                column=column.name,
                method=column.method,
                threshold=column.threshold,
            )
            for column in alone
        ]
        definition = _definition(contract, comparisons, prediction)
        reference = pd.DataFrame({column.name: column.reference for column in everything})
        window = pd.DataFrame({column.name: column.window for column in everything})
        snapshot = Report(metrics).run(
            Dataset.from_pandas(window, data_definition=definition),
            Dataset.from_pandas(reference, data_definition=definition),
        )
        return EvidentlyResult(_distances(snapshot), snapshot if page else None)


def run_report(
    contract: Contract,
    current: pd.DataFrame,
    reference: pd.DataFrame,
    metrics: Sequence[Any],
    page: Path | None,
) -> list[tuple[str, str]]:
    """Run metrics of the caller's choice, and write the page if there is a path for it.

    Args:
        contract: contract of the columns; `prediction` and the probabilities may be used as well.
        current: rows of the window.
        reference: rows with the same columns.
        metrics: Evidently's metrics and presets, with or without tests.
        page: path of the HTML file.

    Returns:
        Name and description of each test that failed or could not be run.
    """
    # Columns may be empty or constant, of which Evidently computes shares and correlations as well.
    with _quiet(RuntimeWarning):
        from evidently import Dataset, Report

        inputs = {spec.name for spec in contract.columns}
        outputs = [name for name in current.columns if name not in inputs]
        numbers = [name for name in outputs if pd.api.types.is_numeric_dtype(current[name])]
        definition = data_definition(
            contract,
            numbers=numbers,
            categories=[name for name in outputs if name not in numbers],
            leave_out=inputs - ({*current} & {*reference}),
        )
        snapshot = Report(list(metrics)).run(
            Dataset.from_pandas(current, data_definition=definition),
            Dataset.from_pandas(reference, data_definition=definition),
        )
        if page is not None:
            _write_page(snapshot, page)
        tests = snapshot.dict()["tests"]
    return [
        (test["name"], test["description"])
        for test in tests
        if test["status"].value in ("FAIL", "ERROR")
    ]


def write_report(result: EvidentlyResult | None, verdict: Mapping[str, object], page: Path) -> None:
    """Write the page of charts, and beside it a JSON file with the verdict and all distances.

    Args:
        result: what the charts show; without a snapshot only the JSON file is written.
        verdict: result of monitoring.
        page: path of the HTML file; the JSON file differs in the suffix.
    """
    distances = {} if result is None else dict(result.distances)
    text = json.dumps({**verdict, "distances": distances}, indent=1, ensure_ascii=False)
    with atomic_write(page.with_suffix(".json")) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
    if result is not None and result.snapshot is not None:
        with _quiet():
            _write_page(result.snapshot, page)


def _write_page(snapshot: Any, page: Path) -> None:
    html = render(snapshot)
    with atomic_write(page) as draft:
        draft.write_text(html, encoding="utf-8")


def _definition(
    contract: Contract, comparisons: Sequence[ColumnComparison], prediction: ColumnComparison | None
) -> Any:
    names = {column.name for column in comparisons}
    own = [] if prediction is None else [prediction]
    return data_definition(
        contract,
        numbers=[column.name for column in own if column.numeric],
        categories=[column.name for column in own if not column.numeric],
        leave_out={spec.name for spec in contract.columns} - names,
    )


def _distances(snapshot: Any) -> dict[str, float]:
    distances = {}
    for metric in snapshot.dict()["metrics"]:
        column = metric["config"].get("column")
        if column is not None:
            distances[column] = float(metric["value"])
    return distances


@contextmanager
def _quiet(*more: type[Warning]) -> Iterator[None]:
    """Keep to itself what Evidently and its dependencies are warned for.

    It imports half of the world, and the compiler and the libraries deprecate much of that. It
    also asks numpy for the correlations of columns that are constant. Other kinds of warnings,
    such as those about the numbers that it is given, come through.
    """
    with warnings.catch_warnings():
        categories: list[type[Warning]] = [
            DeprecationWarning,
            PendingDeprecationWarning,
            SyntaxWarning,
            *more,
        ]
        for category in categories:
            warnings.simplefilter("ignore", category)
        undefined = "invalid value encountered in divide"
        warnings.filterwarnings("ignore", undefined, RuntimeWarning, r"numpy\.lib")
        yield
