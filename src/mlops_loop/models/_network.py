"""A neural network on the float32 matrix, whatever library moves its weights.

Numbers are imputed and standardised, whether they were there is told beside them, and categories
are embedded. Rare classes weigh more while it learns; the loss takes the weights back out of the
scores (logit adjustment, Menon et al. 2021), and the last bias sees to what is left, so that
probabilities stay those of the data.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..encoder import Matrix
from . import Parameters, Task
from ._network_inputs import Examples, Inputs, early_stopping_split
from ._network_onnx import Answer, network_onnx

Floats = NDArray[np.float32]

# Rows in a batch: a hundred batches go through a table, within bounds.
_BATCH = (32, 2048)
_CHUNK = 65_536
_CORRECTIONS = 20


@dataclass(frozen=True)
class NetworkConfig:
    """What tuning may change, and how long to learn.

    Attributes:
        width: units of a hidden layer.
        weight_decay: a hundred times what is usual: rows of one day or one group resemble each
            other, and a network learns that first.
        patience: epochs without a better loss on the rows kept apart, then the best one counts.
    """

    width: int = 64
    layers: int = 2
    dropout: float = 0.2
    learning_rate: float = 1e-3
    weight_decay: float = 10.0
    epochs: int = 60
    patience: int = 5


def suggest(trial: Any) -> dict[str, Any]:
    """A recipe that an Optuna trial draws."""
    return {
        "width": trial.suggest_int("width", 16, 128, log=True),
        "layers": trial.suggest_int("layers", 1, 3),
        "dropout": trial.suggest_float("dropout", 0.0, 0.4),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 0.1, 30.0, log=True),
    }


@dataclass(frozen=True)
class Weights:
    """Attributes:
    tables: the embedding of each category column, shape (positions, width).
    layers: matrix of shape (in, out) and bias of each layer, the last without activation.
    """

    tables: list[Floats]
    layers: list[tuple[Floats, Floats]]


class Network(Protocol):
    """What a library brings: ReLU layers that learn by AdamW, with dropout, from a seed."""

    def step(self, batch: Examples) -> None:
        """Learn from one batch: cross-entropy, or squared error where there are no classes."""
        ...

    def raw(self, numbers: Floats, categories: NDArray[np.int64]) -> Floats:
        """Scores before the softmax, shape (rows, outputs)."""
        ...

    def weights(self) -> Weights:
        """A copy."""
        ...

    def load(self, weights: Weights) -> None: ...


# From the first weights, the weights of the classes (None for a regression), recipe and seed.
MakeNetwork = Callable[[Weights, Floats | None, NetworkConfig, int], Network]


class NetworkEstimator:
    """A network that scikit-learn would know how to use.

    Attributes:
        classes_: of a classification, in the order of the probabilities.
    """

    classes_: NDArray[Any]

    def __init__(self, task: Task, parameters: Parameters, make: MakeNetwork) -> None:
        self.task = task
        self.config = NetworkConfig(**parameters)
        self._make = make

    def fit(self, matrix: Matrix, labels: NDArray[Any]) -> Self:
        rng = np.random.default_rng(self.task.seed)
        self._inputs = Inputs.fit(matrix, self.task.encoder)
        self._answer, target = self._targets(labels)
        numbers, categories = self._inputs.split(matrix)
        examples = Examples(numbers, categories, target)
        learn, held = early_stopping_split(target, rng)
        importance = _class_weights(target[learn]) if self._answer.is_class else None
        start = _start(self._inputs, self._answer, self.config, rng)
        self._network = self._make(start, importance, self.config, self.task.seed)
        self._learn(examples.take(learn), examples.take(held), rng)
        counts = self._inputs.counts(categories[learn])
        weights = _with_average_for_unseen(self._network.weights(), counts)
        self._network.load(weights)
        if self._answer.is_class:
            self._network.load(_with_true_shares(weights, self._raw(matrix), target))
        return self

    def __getstate__(self) -> dict[str, Any]:
        """All but the library's own objects, of which the weights are kept."""
        return {**self.__dict__, "_network": self._network.weights()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._network = self._make(state["_network"], None, self.config, self.task.seed)

    def predict_proba(self, matrix: Matrix) -> NDArray[np.float64]:
        return _softmax(self._raw(matrix))

    def predict(self, matrix: Matrix) -> NDArray[np.float64]:
        """Values of a regression."""
        return self._raw(matrix)[:, 0] * self._answer.scale + self._answer.center

    def to_onnx(self, features: int) -> bytes:
        weights = self._network.weights()
        return network_onnx(self._inputs, weights.tables, weights.layers, self._answer, features)

    def _targets(self, labels: NDArray[Any]) -> tuple[Answer, NDArray[Any]]:
        """What the network is to put out, and the rows' targets in those terms."""
        if self.task.problem != "regression":
            self.classes_, codes = np.unique(labels, return_inverse=True)
            return Answer(len(self.classes_)), codes.astype(np.int64)
        center, scale = np.float32(labels.mean()), np.float32(labels.std() or 1.0)
        target = ((labels - center) / scale).astype(np.float32)
        return Answer(0, float(center), float(scale)), target

    def _learn(self, examples: Examples, held: Examples, rng: np.random.Generator) -> None:
        """Epochs until the loss on the rows kept apart has not been better for a while."""
        network, patience = self._network, self.config.patience
        size = int(np.clip(len(examples) // 100, *_BATCH))
        best, kept = np.inf, network.weights()
        for _ in range(self.config.epochs):
            order = rng.permutation(len(examples))
            for begin in range(0, len(order), size):
                network.step(examples.take(order[begin : begin + size]))
            loss = _loss(network.raw(held.numbers, held.categories), held.target)
            if loss < best:
                best, kept, patience = loss, network.weights(), self.config.patience
            else:
                patience -= 1
            if not patience:
                break
        network.load(kept)

    def _raw(self, matrix: Matrix) -> NDArray[np.float64]:
        parts = [
            self._network.raw(*self._inputs.split(matrix[begin : begin + _CHUNK]))
            for begin in range(0, len(matrix), _CHUNK)
        ]
        return np.concatenate(parts).astype(np.float64)


def _class_weights(codes: NDArray[np.int64]) -> Floats:
    """The square root of how rare a class is; 1 on average over the rows."""
    counts = np.bincount(codes)
    weights = np.sqrt(counts.sum() / np.maximum(counts, 1))
    return np.asarray(weights / np.average(weights, weights=counts), dtype=np.float32)


def _start(
    inputs: Inputs, answer: Answer, config: NetworkConfig, rng: np.random.Generator
) -> Weights:
    """Small embeddings, layers after He et al. 2015, and an answer that begins near nothing."""
    tables = [
        rng.normal(0, 0.1, (size, _embedding_width(size))).astype(np.float32)
        for size in inputs.sizes
    ]
    widths = [2 * len(inputs.numbers) + sum(table.shape[1] for table in tables)]
    widths += [config.width] * config.layers
    layers = [_layer(rng, into, out, 2.0) for into, out in zip(widths, widths[1:], strict=False)]
    return Weights(tables, [*layers, _layer(rng, widths[-1], answer.outputs, 0.1)])


def _layer(rng: np.random.Generator, into: int, out: int, gain: float) -> tuple[Floats, Floats]:
    matrix = rng.normal(0, np.sqrt(gain / into), (into, out))
    return matrix.astype(np.float32), np.zeros(out, dtype=np.float32)


def _embedding_width(size: int) -> int:
    """The rule of thumb of fastai, bounded."""
    return int(min(32, round(1.6 * size**0.56)))


def _with_average_for_unseen(weights: Weights, counts: list[NDArray[np.intp]]) -> Weights:
    """A category that no row showed gets the average embedding of those that some did."""
    tables = [
        np.where(count[:, None] > 0, table, np.average(table, axis=0, weights=count))
        for table, count in zip(weights.tables, counts, strict=True)
    ]
    return Weights([table.astype(np.float32) for table in tables], weights.layers)


def _with_true_shares(
    weights: Weights, raw: NDArray[np.float64], codes: NDArray[np.int64]
) -> Weights:
    """A last bias with which each class is foreseen as often as it occurs.

    A network held small by its weight decay cannot follow the weights of the classes exactly.
    """
    shares = np.bincount(codes) / len(codes)
    shift = np.zeros(len(shares))
    for _ in range(_CORRECTIONS):
        shift += np.log(shares / _softmax(raw + shift).mean(axis=0))
    matrix, bias = weights.layers[-1]
    last = (matrix, bias + shift.astype(bias.dtype))
    return Weights(weights.tables, [*weights.layers[:-1], last])


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _loss(raw: Floats, target: NDArray[Any]) -> float:
    """Log loss of classes, squared error of values; NaN is as bad as it gets."""
    if target.dtype.kind != "i":
        loss = float(np.mean((raw[:, 0] - target) ** 2))
    else:
        shares = _softmax(raw.astype(np.float64))[np.arange(len(target)), target]
        loss = float(-np.log(np.maximum(shares, 1e-12)).mean())
    return loss if np.isfinite(loss) else np.inf
