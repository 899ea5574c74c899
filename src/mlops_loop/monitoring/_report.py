"""Evidently, kept in one place: it draws the page, and runs metrics of the project's choice."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from .._atomic import atomic_write
from ..contract import Contract
from ..contract._evidently_definition import data_definition
from ..contract._outputs import PREDICTION
from ._column_comparison import ColumnComparison
from ._report_page import render

# Names of the distances, as the page shows them.
_NUMBERS, _CATEGORIES = "mlops_loop_wasserstein", "mlops_loop_jensen_shannon"


def draw_drift(
    contract: Contract, comparisons: Sequence[ColumnComparison], *, drift_share: float
) -> Any:
    """Evidently's snapshot of the columns, with the distances and thresholds that decide.

    Args:
        contract: contract of the columns.
        comparisons: columns with values on both sides; the prediction has a section of its own.
        drift_share: share of drifted columns from which Evidently calls the window drifted.
    """
    with _quiet():
        from evidently import Dataset, Report
        from evidently.metrics import ValueDrift
        from evidently.presets import DataDriftPreset

        _register_distances()
        inputs = [column for column in comparisons if column.name != PREDICTION]
        preset = DataDriftPreset(
            columns=[column.name for column in inputs],
            per_column_method={column.name: _method(column) for column in inputs},
            per_column_threshold={column.name: column.threshold for column in inputs},
            drift_share=drift_share,
        )
        answers = [
            ValueDrift(column=column.name, method=_method(column), threshold=column.threshold)
            for column in comparisons
            if column.name == PREDICTION
        ]
        definition = _definition(contract, comparisons)
        reference = pd.DataFrame({column.name: column.reference for column in comparisons})
        window = pd.DataFrame({column.name: column.window for column in comparisons})
        return Report([preset, *answers]).run(
            Dataset.from_pandas(window, data_definition=definition),
            Dataset.from_pandas(reference, data_definition=definition),
        )


def _register_distances() -> None:
    """Have Evidently measure by the function that decides, in place of its own."""
    from evidently.legacy.calculations.stattests import StatTest, register_stattest
    from evidently.legacy.core import ColumnType

    numbers = StatTest(_NUMBERS, "Wasserstein distance (winsorised)", [ColumnType.Numerical])
    categories = StatTest(_CATEGORIES, "Jensen-Shannon distance", [ColumnType.Categorical])
    register_stattest(numbers, default_impl=partial(_measure, True))
    register_stattest(categories, default_impl=partial(_measure, False))


def _measure(
    numeric: bool, reference: Any, window: Any, _type: object, threshold: float
) -> tuple[float, bool]:
    dtype = "float64" if numeric else "object"
    before, now = (side.to_numpy(dtype=dtype) for side in (reference, window))
    distance = ColumnComparison("", before, now, numeric, threshold).distance
    return distance, distance >= threshold


def _method(column: ColumnComparison) -> str:
    return _NUMBERS if column.numeric else _CATEGORIES


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
        current: rows of the window; columns that the reference does not have are left out.
        reference: rows with the same columns.
        metrics: Evidently's metrics and presets, with or without tests.
        page: path of the HTML file.

    Returns:
        Name and description of each test that failed or could not be run.
    """
    # Columns may be empty or constant, of which Evidently computes shares and correlations as well.
    with _quiet(RuntimeWarning):
        from evidently import Dataset, Report

        current = current[[name for name in current.columns if name in reference.columns]]
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


def write_report(snapshot: Any | None, content: Mapping[str, object], page: Path) -> None:
    """Write the page of charts, and beside it a JSON file.

    Args:
        snapshot: what the charts show; without one only the JSON file is written.
        content: the results of monitoring.
        page: path of the HTML file; the JSON file differs in the suffix.
    """
    text = json.dumps(content, indent=1, ensure_ascii=False)
    with atomic_write(page.with_suffix(".json")) as draft:
        draft.write_text(text + "\n", encoding="utf-8")
    if snapshot is not None:
        with _quiet():
            _write_page(snapshot, page)


def _write_page(snapshot: Any, page: Path) -> None:
    html = render(snapshot)
    with atomic_write(page) as draft:
        draft.write_text(html, encoding="utf-8")


def _definition(contract: Contract, comparisons: Sequence[ColumnComparison]) -> Any:
    names = {column.name for column in comparisons}
    answers = [column for column in comparisons if column.name == PREDICTION]
    return data_definition(
        contract,
        numbers=[column.name for column in answers if column.numeric],
        categories=[column.name for column in answers if not column.numeric],
        leave_out={spec.name for spec in contract.columns} - names,
    )


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
