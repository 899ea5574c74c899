"""Evidently, kept in one place: it measures the distances and draws the page."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..atomic import atomic_write
from ..contract import Contract
from ..contract.evidently_definition import data_definition
from .column_comparison import ColumnComparison
from .report_page import render


@dataclass(frozen=True)
class Comparison:
    """Distance by column, and Evidently's snapshot, which can draw itself; None without a page."""

    distances: Mapping[str, float]
    snapshot: Any


def compare(
    contract: Contract,
    comparisons: Sequence[ColumnComparison],
    prediction: ColumnComparison | None,
    *,
    drift_share: float,
    page: bool = True,
) -> Comparison:
    """Measure how far the window is from the reference.

    Args:
        contract: what the columns are.
        comparisons: input columns; each has values on both sides.
        prediction: what the model answered on both sides; shown apart from the inputs.
        drift_share: from which share of drifted columns the page calls the window drifted.
        page: whether the snapshot shall have a page; half of the time goes into its charts.
    """
    with _quiet():
        from evidently import Dataset, Report
        from evidently.metrics import ValueDrift
        from evidently.presets import DataDriftPreset

        everything = [*comparisons, *([] if prediction is None else [prediction])]
        preset = DataDriftPreset(
            columns=[column_comparison.name for column_comparison in comparisons],
            per_column_method={
                column_comparison.name: column_comparison.method
                for column_comparison in comparisons
            },
            per_column_threshold={
                column_comparison.name: column_comparison.threshold
                for column_comparison in comparisons
            },
            drift_share=drift_share,
        )
        alone = everything[len(comparisons) :] if page else everything
        metrics = [preset] * page + [
            ValueDrift(
                column=column_comparison.name,
                method=column_comparison.method,
                threshold=column_comparison.threshold,
            )
            for column_comparison in alone
        ]
        definition = _definition(contract, comparisons, prediction)
        reference = pd.DataFrame(
            {
                column_comparison.name: column_comparison.reference
                for column_comparison in everything
            }
        )
        window = pd.DataFrame(
            {column_comparison.name: column_comparison.window for column_comparison in everything}
        )
        snapshot = Report(metrics).run(
            Dataset.from_pandas(window, data_definition=definition),
            Dataset.from_pandas(reference, data_definition=definition),
        )
        return Comparison(_distances(snapshot), snapshot if page else None)


def write_report(comparison: Comparison | None, verdict: Mapping[str, object], page: Path) -> None:
    """Write the page of charts, and beside it a JSON file with the verdict and all distances.

    Args:
        comparison: what there is to draw; without a snapshot there is only the JSON file.
        verdict: what monitoring says.
        page: where the HTML goes; the JSON has the same name but for its ending.
    """
    page.parent.mkdir(parents=True, exist_ok=True)
    distances = {} if comparison is None else dict(comparison.distances)
    text = json.dumps({**verdict, "distances": distances}, indent=1, ensure_ascii=False)
    page.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    if comparison is not None and comparison.snapshot is not None:
        with _quiet():
            html = render(comparison.snapshot)
        with atomic_write(page) as draft:
            draft.write_text(html, encoding="utf-8")


def _definition(
    contract: Contract, comparisons: Sequence[ColumnComparison], prediction: ColumnComparison | None
) -> Any:
    kept = {column_comparison.name for column_comparison in comparisons}
    own = [] if prediction is None else [prediction]
    return data_definition(
        contract,
        numbers=[column_comparison.name for column_comparison in own if column_comparison.numeric],
        categories=[
            column_comparison.name for column_comparison in own if not column_comparison.numeric
        ],
        leave_out={spec.name for spec in contract.columns} - kept,
    )


def _distances(snapshot: Any) -> dict[str, float]:
    found = {}
    for metric in snapshot.dict()["metrics"]:
        column = metric["config"].get("column")
        if column is not None:
            found[column] = float(metric["value"])
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what Evidently and its dependencies are warned for.

    It imports half of the world, and the compiler and the libraries deprecate much of that. It
    also asks numpy for the correlations of columns that are constant. Other kinds of warnings,
    such as those about the numbers that it is given, come through.
    """
    with warnings.catch_warnings():
        for category in (DeprecationWarning, PendingDeprecationWarning, SyntaxWarning):
            warnings.simplefilter("ignore", category)
        undefined = "invalid value encountered in divide"
        warnings.filterwarnings("ignore", undefined, RuntimeWarning, r"numpy\.lib")
        yield
