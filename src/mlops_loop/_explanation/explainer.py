"""Explains predictions of a published model, from its bundle only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .._bundle import Bundle
from .._feature_set import FeatureSet
from .._predictor import BundlePredictor
from ..contract._check import check_rows
from ..contract._column_definition import Column
from ..contract._columns import Columns, Floats, length, take, to_json
from ..contract._model import Class, Contract
from ..errors import InputError
from ..evaluation._measured import Importance
from .results import Contribution, Explanation, Importances
from .shapley import ShapleyEstimator, import_shap

_BACKGROUND = 50
_N_PERMUTATIONS = 20
_ROWS = 100
# Predictions that all importances together may take (limit).
_BUDGET = 1_000_000


@dataclass(frozen=True)
class Explainer:
    """Explains predictions of one model.

    Attributes:
        predictor: the model.
        columns: columns of the contract that it uses.
        reference: these columns of held-out rows, shuffled.
        seed: seed of the random permutations.
    """

    predictor: BundlePredictor
    columns: tuple[Column, ...]
    reference: Columns
    seed: int

    @classmethod
    def open(
        cls,
        bundle: Bundle,
        features: FeatureSet,
        reference: Columns,
        *,
        seed: int,
        trusted_types: Sequence[str] = (),
    ) -> "Explainer":
        """An explainer of a bundle.

        Args:
            bundle: a published model.
            features: the features that it was trained with.
            reference: its held-out rows.
            seed: seed of all random numbers.
            trusted_types: see `open_session`.
        """
        read = {column.name for column in bundle.encoder.columns}
        read |= {name for made in features.declared.values() for name in made.inputs}
        columns = tuple(column for column in bundle.contract.inputs if column.name in read)
        order = np.random.default_rng(seed).permutation(length(reference))
        rows = take({column.name: reference[column.name] for column in columns}, order)
        predictor = BundlePredictor(bundle, features, trusted_types=trusted_types)
        return cls(predictor, columns, rows, seed)

    @property
    def contract(self) -> Contract:
        return self.predictor.contract

    @property
    def version(self) -> str:
        return self.predictor.manifest.version

    def explain(self, row: Mapping[str, object], asked: str | None = None) -> Explanation:
        """Contributions of the columns to the prediction for one row.

        Args:
            row: contract columns, as a request has them.
            asked: the class to explain, as text; by default the second of two, the predicted one
                of several.

        Raises:
            InputError: if the contract rejects the row, there is no such class, or the package
                shap is not installed.
        """
        checked = check_rows(self.contract, [row])
        if checked.rejections:
            broken = "; ".join(contributions.summary() for contributions in checked.rejections)
            raise InputError(f"the row violates the contract: {broken}")
        columns = {column.name: checked.columns[column.name] for column in self.columns}
        prediction = self.predictor.predict(columns).values[0]
        at = self._position(prediction, asked)
        base, parts = self._estimator.values(columns, n_permutations=_N_PERMUTATIONS)
        contributions = [
            Contribution(column.name, to_json(column, columns[column.name][0]), float(part))
            for column, part in zip(self.columns, parts[:, at], strict=True)
        ]
        return Explanation(
            version=self.version,
            prediction=prediction,
            output=self._output(at),
            base=float(base[at]),
            score=float(self._scores(columns)[0, at]),
            contributions=tuple(
                sorted(contributions, key=lambda contribution: -abs(contribution.contribution))
            ),
        )

    def importances(self) -> Importances:
        """Mean absolute contributions, also over classes.

        Over at most 100 held-out rows, fewer if there are many columns.

        Raises:
            InputError: if the package shap is not installed.
        """
        estimator, cost = self._estimator, (2 * len(self.columns) + 1) * _BACKGROUND
        rows = min(length(self.reference), _ROWS, max(_BUDGET // cost, 10))
        # From the end, since the background is the beginning.
        chosen = [take(self.reference, np.array([-1 - at])) for at in range(rows)]
        moved = [np.abs(estimator.values(row, n_permutations=1)[1]).mean(axis=1) for row in chosen]
        means = np.mean(moved, axis=0).tolist()
        importances = [
            Importance(column.name, mean) for column, mean in zip(self.columns, means, strict=True)
        ]
        output = "the probability of a class" if self.contract.classes else self._output(0)
        return Importances(
            self.version,
            rows,
            output,
            tuple(sorted(importances, key=lambda column: -column.importance)),
        )

    @cached_property
    def _estimator(self) -> ShapleyEstimator:
        count = min(length(self.reference), _BACKGROUND)
        background = take(self.reference, np.arange(count))
        return ShapleyEstimator(import_shap(), self._scores, background, self.seed)

    def _scores(self, columns: Columns) -> Floats:
        """Shape (rows, classes), or (rows, 1) for a regression."""
        answer = self.predictor.predict(columns)
        if answer.probabilities is not None:
            return answer.probabilities
        return np.array(answer.values, dtype=np.float64)[:, None]

    def _position(self, prediction: Class | float, asked: str | None) -> int:
        """Which output to explain; a regression has one."""
        names = [_spelled(value) for value in self.contract.classes]
        if asked is not None and asked not in names:
            there = (
                f"the classes are {', '.join(names)}" if names else "a regression has no classes"
            )
            raise InputError(f"there is no class {asked!r}: {there}")
        if not names:
            return 0
        default = names[1] if len(names) == 2 else _spelled(prediction)
        return names.index(default if asked is None else asked)

    def _output(self, at: int) -> str:
        classes = self.contract.classes
        if not classes:
            return self.contract.target.name
        return f"the probability of {_spelled(classes[at])}"


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
