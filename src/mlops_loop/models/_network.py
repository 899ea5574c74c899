"""Common code of the neural networks: columns, configuration, the estimator."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupShuffleSplit

from .._encoder import Encoder, Matrix
from . import Parameters, Task

# The index of a category in its embedding: 0 if missing, 1 if unknown (-1 in the matrix).
CATEGORY_OFFSET = 2
# Standardised numbers are clipped here, so that an outlier cannot dominate a prediction.
MAX_ABS_NUMBER = 5.0
_BATCH_SIZE = (32, 2048)
_BATCHES_PER_EPOCH = 100
_BLOCKS = 40
# PyTorch and Keras have one random state for the process, so their fits take turns.
_random_state = Lock()


@dataclass(frozen=True)
class NetworkConfig:
    """What tuning may change, and how long to train.

    Attributes:
        width: units of a hidden layer.
        layers: hidden layers.
        dropout: share of the units that a training step leaves out.
        learning_rate: learning rate of AdamW.
        weight_decay: weight decay of AdamW; a hundred times the usual, because rows of one day or
            one group resemble each other, and a network learns that first.
        epochs: limit of epochs.
        patience: epochs without a lower validation loss, after which training stops.
    """

    width: int = 64
    layers: int = 2
    dropout: float = 0.2
    learning_rate: float = 1e-3
    weight_decay: float = 1.0
    epochs: int = 60
    patience: int = 5


def search_space(trial: Any) -> dict[str, Any]:
    """Parameters of the configuration that an Optuna trial suggests."""
    return {
        "width": trial.suggest_int("width", 16, 128, log=True),
        "layers": trial.suggest_int("layers", 1, 3),
        "dropout": trial.suggest_float("dropout", 0.0, 0.4),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 0.01, 10.0, log=True),
    }


@dataclass(frozen=True)
class Columns:
    """How the columns of the matrix enter a network.

    Attributes:
        numeric: indices of the columns that hold numbers.
        categorical: indices of the columns that hold categories.
        sizes: rows of each embedding: the vocabulary, missing and unknown.
        fill: medians, which replace missing numbers.
        center: means, subtracted from the filled numbers.
        scale: standard deviations, by which they are divided then; infinite for a constant.
        has_missing: 1 for the numbers that were missing in some row, else 0.
    """

    numeric: list[int]
    categorical: list[int]
    sizes: list[int]
    fill: NDArray[np.float32]
    center: NDArray[np.float32]
    scale: NDArray[np.float32]
    has_missing: NDArray[np.float32]

    @classmethod
    def fit(cls, matrix: Matrix, encoder: Encoder) -> Self:
        categorical = list(encoder.categorical)
        numeric = [index for index in range(matrix.shape[1]) if index not in categorical]
        sizes = [len(words) + CATEGORY_OFFSET for words in encoder.vocabularies.values()]
        numbers = matrix[:, numeric].astype(np.float64)
        fill = np.nan_to_num(np.nanmedian(numbers, axis=0))
        filled = np.where(np.isnan(numbers), fill, numbers)
        deviation = filled.std(axis=0)
        # What is constant in training has weights that are never trained: it gets no effect.
        scale = np.where(deviation > 0, deviation, np.inf)
        has_missing = np.isnan(numbers).any(axis=0)
        arrays = [
            np.asarray(each, dtype=np.float32)
            for each in (fill, filled.mean(axis=0), scale, has_missing)
        ]
        return cls(numeric, categorical, sizes, *arrays)

    @property
    def embedding_widths(self) -> list[int]:
        """The rule of thumb of fastai, bounded."""
        return [min(32, round(1.6 * size**0.56)) for size in self.sizes]


class Examples(NamedTuple):
    """Attributes:
    matrix: float32, shape (rows, features).
    target: class codes (int64) or values in units of their spread (float32), shape (rows,).
    """

    matrix: Matrix
    target: NDArray[Any]

    def initial_bias(self, outputs: int) -> NDArray[np.float32]:
        """Of the last layer: the log of each class's share, so that training starts there."""
        if outputs == 1:
            return np.zeros(1, dtype=np.float32)
        counts = np.bincount(self.target, minlength=outputs)
        bias: NDArray[np.float32] = np.log((counts + 1) / (counts + 1).sum()).astype(np.float32)
        return bias

    @property
    def batch_size(self) -> int:
        """For a hundred batches an epoch, within bounds."""
        return int(np.clip(len(self.target) // _BATCHES_PER_EPOCH, *_BATCH_SIZE))


class NetworkEstimator(ABC):
    """A neural network with the methods of a scikit-learn estimator.

    Values of a regression arrive in units of their spread, see `ScaledTarget`.

    Attributes:
        classes_: classes in the order of the probabilities; for classification.
    """

    classes_: NDArray[Any]

    def __init__(self, task: Task, parameters: Parameters) -> None:
        self.task = task
        self.config = NetworkConfig(**parameters)

    def fit(self, matrix: Matrix, labels: NDArray[Any]) -> Self:
        columns = Columns.fit(matrix, self.task.encoder)
        target: NDArray[Any]
        if self.is_regression:
            target = labels.astype(np.float32)
        else:
            self.classes_, target = np.unique(labels, return_inverse=True)
        train, validation = early_stopping_split(Examples(matrix, target), self.task.seed)
        with _random_state:
            self._train(columns, train, validation)
        return self

    @property
    def is_regression(self) -> bool:
        return self.task.is_regression

    @property
    def outputs(self) -> int:
        """Units of the last layer."""
        return 1 if self.is_regression else len(self.classes_)

    def predict_proba(self, matrix: Matrix) -> NDArray[np.float64]:
        """Probabilities of shape (rows, classes)."""
        return self._predict(matrix).astype(np.float64)

    def predict(self, matrix: Matrix) -> NDArray[np.float64]:
        """Values of shape (rows,), in units of the labels."""
        return self._predict(matrix)[:, 0].astype(np.float64)

    @abstractmethod
    def to_onnx(self, features: int) -> bytes:
        """The fitted network as ONNX: the matrix in, what `_predict` returns out."""

    @abstractmethod
    def _train(self, columns: Columns, train: Examples, validation: Examples) -> None:
        """Train until the validation loss no longer falls; keep the weights of the best epoch."""

    @abstractmethod
    def _predict(self, matrix: Matrix) -> NDArray[np.float32]:
        """Probabilities of shape (rows, classes), or values of shape (rows, 1)."""


def early_stopping_split(examples: Examples, seed: int) -> tuple[Examples, Examples]:
    """Rows to train on, and rows of which the loss decides when to stop.

    Neighbouring rows resemble each other (they may share a day), so blocks of them stay together.
    """
    rows = len(examples.target)
    blocks = np.arange(rows) * min(_BLOCKS, rows) // rows
    splitter = GroupShuffleSplit(n_splits=1, test_size=0.15, random_state=seed)
    train, validation = next(splitter.split(examples.matrix, groups=blocks))
    return (
        Examples(examples.matrix[train], examples.target[train]),
        Examples(examples.matrix[validation], examples.target[validation]),
    )
