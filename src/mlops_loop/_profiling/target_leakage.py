"""Detection of target leakage: the score of a small tree on each column alone."""

from collections.abc import Iterator

import numpy as np

from .._encoder import Encoder
from .._feature_set import FeatureColumn
from ..contract._columns import Columns, Floats, length, missing, take
from ..contract._model import Contract
from ..evaluation._metrics import metrics_of
from ..evaluation._target import Labels, encode_target
from ..models import predict_scores

# Scores from here on indicate leakage.
_SUSPICIOUS = 0.98
_ROWS = 3_000
_FEWEST_ROWS = 30
_FOLDS = 3
_LEAVES = 64


def find_leaks(contract: Contract, columns: Columns) -> dict[str, float]:
    """Scores of the features that predict the target almost perfectly on their own, by name.

    The score is the area under the ROC curve, or R² for a regression, on rows that the tree was
    not fitted on (at most 3,000 of them).
    """
    columns = take(columns, ~missing(columns[contract.target.name]))
    if length(columns) > _ROWS:
        columns = take(columns, np.linspace(0, length(columns) - 1, _ROWS).astype(np.intp))
    if length(columns) < _FEWEST_ROWS:
        return {}
    labels = encode_target(contract, columns)
    scores = dict(_scores(contract, columns, labels))
    return {name: score for name, score in scores.items() if score >= _SUSPICIOUS}


def _scores(contract: Contract, columns: Columns, labels: Labels) -> Iterator[tuple[str, float]]:
    for spec in contract.features:
        if spec.type != "text":
            encoder = Encoder.fit([FeatureColumn(spec.name, spec.type)], columns)
            matrix = encoder.encode(columns).astype(np.float64)
            yield spec.name, _score(contract, matrix, labels)


def _score(contract: Contract, matrix: Floats, labels: Labels) -> float:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    classes = len(contract.classes)
    tree = DecisionTreeClassifier if classes else DecisionTreeRegressor
    fold = np.random.default_rng(0).integers(0, _FOLDS, len(labels))
    predictions = np.zeros((len(labels), classes) if classes else len(labels))
    for k in range(_FOLDS):
        model = tree(max_leaf_nodes=_LEAVES, min_samples_leaf=3, random_state=0)
        model.fit(matrix[fold != k], labels[fold != k])
        predictions[fold == k] = predict_scores(model, matrix[fold == k], classes)
    if classes:
        return metrics_of(contract.problem)["roc_auc"].value(labels, predictions)
    spread = float(np.var(labels))
    return 1 - float(np.mean((labels - predictions) ** 2)) / spread if spread else 0.0
