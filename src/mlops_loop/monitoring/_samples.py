"""The two bounded samples that are compared: the champion's held-out rows, and the window."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
from numpy.typing import NDArray

from .._bundle import REFERENCE, Bundle
from ..contract import Contract
from ..contract._arrow import from_arrow
from ..contract._check import check_rows
from ..contract._columns import Columns, Floats, take
from ..contract._model import Class
from ..contract._outputs import PREDICTION, probability_names
from ..contract._violations import Checked
from ..evaluation._target import Labels, encode_target
from ..prediction_log import LoggedRow, Output


@dataclass(frozen=True)
class Sample:
    """Rows together with what one model version said about them.

    Attributes:
        columns: the contract's columns.
        scores: probabilities of shape (rows, classes), or values of shape (rows,).
        labels: class codes or values of shape (rows,); None where outcomes are not asked for.
    """

    columns: Columns
    scores: Floats
    labels: Labels | None = None

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.generic]) -> "Sample":
        """The rows at `index` (positions, or a boolean mask)."""
        labels = None if self.labels is None else self.labels[index]
        return Sample(take(self.columns, index), self.scores[index], labels)

    def answers(self) -> tuple[Floats, bool]:
        """One answer a row, NaN where there is none, and whether it is a number.

        It is the value of a regression, the probability of the second of two classes, or the
        code of the likeliest of several.
        """
        if self.scores.ndim == 1:
            return self.scores, True
        if self.scores.shape[1] == 2:
            return self.scores[:, 1], True
        codes = np.where(np.isnan(self.scores), -np.inf, self.scores).argmax(axis=1)
        return np.where(np.isnan(self.scores[:, 0]), np.nan, codes), False


def reference_sample(contract: Contract, bundle: Bundle, limit: int, seed: int) -> Sample:
    """At most `limit` of the champion's held-out rows, drawn uniformly.

    Raises:
        BundleError: if the bundle came without them.
    """
    table = pyarrow.parquet.read_table(io.BytesIO(bundle.read(REFERENCE)))
    if table.num_rows > limit:
        rng = np.random.default_rng(seed)
        table = table.take(np.sort(rng.choice(table.num_rows, limit, replace=False)))
    columns = from_arrow(contract, table)
    names = probability_names(bundle.manifest.classes) or (PREDICTION,)
    scores = np.stack([table[name].to_numpy().astype(np.float64) for name in names], axis=1)
    if contract.problem == "regression":
        scores = scores[:, 0]
    has_truth = contract.target.name in columns
    return Sample(columns, scores, encode_target(contract, columns) if has_truth else None)


def check_window(contract: Contract, rows: Sequence[LoggedRow]) -> Checked:
    """Logged rows against the contract as it is now."""
    return check_rows(contract, [row.record.columns for row in rows])


def window_sample(
    contract: Contract, rows: Sequence[LoggedRow], columns: Columns, version: str
) -> Sample:
    """Logged rows with what one version answered, served or in shadow; NaN where it did not.

    Args:
        contract: contract of the data.
        rows: rows of the log.
        columns: the same rows, as `check_window` read them.
        version: the version whose predictions are used.
    """
    width = len(contract.classes)
    scores = np.full((len(rows), width) if width else len(rows), np.nan)
    for at, row in enumerate(rows):
        output = output_of(row, version)
        if output is not None:
            scores[at] = output.probabilities if width else output.prediction
    return Sample(columns, scores)


def labelled_sample(contract: Contract, rows: Sequence[LoggedRow], version: str) -> Sample:
    """Labelled rows on which a version answered, with their outcomes.

    A label that the contract's target would not accept is left out.
    """
    known = [row for row in rows if row.label is not None and output_of(row, version)]
    sample = window_sample(contract, known, check_window(contract, known).columns, version)
    target = contract.target
    logged = [{target.name: row.label.label} for row in known if row.label is not None]
    checked = check_rows(contract, logged, [target])
    mask = np.ones(len(known), dtype=np.bool_)
    mask[[violation.row for violation in checked.violations]] = False
    labels = encode_target(contract, take(checked.columns, mask))
    return Sample(take(sample.columns, mask), sample.scores[mask], labels)


def output_of(row: LoggedRow, version: str) -> Output | None:
    """Output of a version for a row, served or in shadow; None if it did not predict it."""
    return next((output for output in row.record.outputs if output.version == version), None)


def to_frame(contract: Contract, sample: Sample, threshold: float | None) -> pd.DataFrame:
    """Inputs, `prediction`, one `probability_…` a class, and the target if labels are known.

    Args:
        contract: contract of the columns.
        sample: the rows.
        threshold: probability from which a binary prediction is the second class.
    """
    target, classes = contract.target.name, contract.classes
    data = {name: values for name, values in sample.columns.items() if name != target}
    frame = pd.DataFrame(data, index=range(len(sample)))
    if not classes:
        frame[PREDICTION] = sample.scores
    else:
        unknown = np.isnan(sample.scores[:, 0])
        if threshold is None:
            codes = np.where(unknown, 0, np.nan_to_num(sample.scores).argmax(axis=1))
        else:
            codes = (sample.scores[:, 1] >= threshold).astype(np.intp)
        frame[PREDICTION] = _labels(classes, codes, unknown)
        for name, values in zip(probability_names(classes), sample.scores.T, strict=True):
            frame[name] = values
    if sample.labels is not None:
        frame[target] = _labels(classes, sample.labels) if classes else sample.labels
    return frame


def _labels(
    classes: Sequence[Class], codes: NDArray[Any], unknown: NDArray[np.bool_] | None = None
) -> NDArray[np.object_]:
    labels = np.array(classes, dtype=object)[codes.astype(np.intp)]
    if unknown is not None:
        labels[unknown] = None
    return labels
