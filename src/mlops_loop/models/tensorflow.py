"""A neural network in TensorFlow: embedded categories, standardised numbers, ReLU layers.

It runs on the CPU unless TensorFlow finds a GPU. Each fit keeps its random numbers to itself and
operations work on one thread: the layers are small, folds are fitted beside each other, and sums
come out the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import Candidate
from ._network import Floats, NetworkConfig, NetworkEstimator, Weights, suggest
from ._network_inputs import Examples

__all__ = ["network"]


def network(**parameters: Any) -> Candidate:
    """A neural network in TensorFlow: embedded categories, standardized numbers, ReLU layers.

    Args:
        parameters: overriding the defaults, e.g. `width` or `epochs`.

    Examples:
        >>> network(width=32).name
        'tensorflow'
    """
    return Candidate(
        "tensorflow",
        lambda task, chosen: NetworkEstimator(task, chosen, TensorFlowNetwork),
        search_space=suggest,
        to_onnx=lambda estimator, features: estimator.to_onnx(features),
        parameters=parameters,
    )


class TensorFlowNetwork:
    """The layers as variables of TensorFlow, moved by Keras' AdamW."""

    def __init__(
        self, start: Weights, importance: Floats | None, config: NetworkConfig, seed: int
    ) -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        self._random = tf.random.Generator.from_seed(seed)
        self._dropout = config.dropout
        self._importance = None if importance is None else tf.constant(importance)
        self._tables = [tf.Variable(table) for table in start.tables]
        self._layers = [(tf.Variable(matrix), tf.Variable(bias)) for matrix, bias in start.layers]
        self._variables = [*self._tables, *(part for layer in self._layers for part in layer)]
        self._optimizer = tf.keras.optimizers.AdamW(
            config.learning_rate, weight_decay=config.weight_decay
        )
        self._optimizer.exclude_from_weight_decay(var_list=[bias for _, bias in self._layers])
        self._optimizer.build(self._variables)
        self._tf = tf
        # Of any number of rows, so that a last batch that is smaller is not compiled anew.
        self._learn = tf.function(self._learned, reduce_retracing=True)
        self._score = tf.function(self._scores, reduce_retracing=True)

    def step(self, batch: Examples) -> None:
        self._learn(*map(self._tf.constant, (batch.numbers, batch.categories, batch.target)))

    def raw(self, numbers: Floats, categories: NDArray[np.int64]) -> Floats:
        scores = self._score(self._tf.constant(numbers), self._tf.constant(categories))
        return np.asarray(scores.numpy())

    def weights(self) -> Weights:
        return Weights(
            [np.array(table.numpy()) for table in self._tables],
            [(np.array(matrix.numpy()), np.array(bias.numpy())) for matrix, bias in self._layers],
        )

    def load(self, weights: Weights) -> None:
        for table, values in zip(self._tables, weights.tables, strict=True):
            table.assign(values)
        for layer, arrays in zip(self._layers, weights.layers, strict=True):
            for variable, values in zip(layer, arrays, strict=True):
                variable.assign(values)

    def _learned(self, numbers: Any, categories: Any, target: Any) -> None:
        with self._tf.GradientTape() as tape:
            loss = self._loss(self._scores(numbers, categories, learning=True), target)
        self._optimizer.apply(tape.gradient(loss, self._variables), self._variables)

    def _loss(self, scores: Any, target: Any) -> Any:
        tf = self._tf
        if self._importance is None:
            return tf.reduce_mean((scores[:, 0] - target) ** 2)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            target, scores + tf.math.log(self._importance)
        )
        return tf.reduce_mean(losses * tf.gather(self._importance, target))

    def _scores(self, numbers: Any, categories: Any, *, learning: bool = False) -> Any:
        tf = self._tf
        embedded = [tf.gather(table, categories[:, at]) for at, table in enumerate(self._tables)]
        values = tf.concat([numbers, *embedded], axis=1)
        for matrix, bias in self._layers[:-1]:
            values = tf.nn.relu(values @ matrix + bias)
            values = self._thinned(values) if learning and self._dropout else values
        matrix, bias = self._layers[-1]
        return values @ matrix + bias

    def _thinned(self, values: Any) -> Any:
        """Dropout, from random numbers that no other fit draws from."""
        kept = self._random.uniform(self._tf.shape(values)) >= self._dropout
        return values * self._tf.cast(kept, values.dtype) / (1 - self._dropout)
