"""A neural network in Keras on TensorFlow: embedded categories, standardised numbers, ReLU layers.

It runs on the CPU unless TensorFlow finds a GPU.
"""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from .._encoder import Matrix
from . import Candidate
from ._network import (
    CATEGORY_OFFSET,
    MAX_ABS_NUMBER,
    Columns,
    Examples,
    NetworkConfig,
    NetworkEstimator,
    search_space,
)

__all__ = ["network"]

_OPSET = 17


def network(**parameters: Any) -> Candidate:
    """A neural network in Keras: embedded categories, standardized numbers, ReLU layers.

    Args:
        parameters: fields of `NetworkConfig` that override the defaults, e.g. `width` or `epochs`.

    Examples:
        >>> network(width=32).name
        'tensorflow'
    """
    return Candidate(
        "tensorflow",
        KerasEstimator,
        search_space=search_space,
        to_onnx=lambda estimator, features: estimator.to_onnx(features),
        parameters=parameters,
    )


def tabular_network(
    columns: Columns, features: int, bias: NDArray[np.float32], config: NetworkConfig
) -> Any:
    """From the float32 matrix of shape (rows, features) to scores of shape (rows, outputs)."""
    rows = keras.Input((features,), dtype="float32")
    values = ops.concatenate([*_numbers(rows, columns), *_embeddings(rows, columns)], axis=1)
    for _ in range(config.layers):
        values = layers.Dense(config.width, activation="relu")(values)
        values = layers.Dropout(config.dropout)(values)
    start = keras.initializers.Constant(bias)
    return keras.Model(rows, layers.Dense(len(bias), bias_initializer=start)(values))


class KerasEstimator(NetworkEstimator):
    """Fits a network with AdamW and early stopping."""

    def to_onnx(self, features: int) -> bytes:
        rows = keras.InputSpec(dtype="float32", shape=(None, features), name="rows")
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tf2onnx uses what NumPy is about to remove
            path = Path(folder) / "model.onnx"
            self.model.export(
                path, format="onnx", opset_version=_OPSET, input_signature=[rows], verbose=False
            )
            return path.read_bytes()

    def _predict(self, matrix: Matrix) -> NDArray[np.float32]:
        return np.asarray(self.model.predict(matrix, batch_size=65_536, verbose=0))

    def _train(self, columns: Columns, train: Examples, validation: Examples) -> None:
        keras.utils.set_random_seed(self.task.seed)
        bias = train.initial_bias(self.outputs)
        network = tabular_network(columns, train.matrix.shape[1], bias, self.config)
        loss = (
            keras.losses.MeanSquaredError()
            if self.is_regression
            else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        )
        optimizer = keras.optimizers.AdamW(
            self.config.learning_rate, weight_decay=self.config.weight_decay
        )
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        network.compile(optimizer, loss)
        stopping = keras.callbacks.EarlyStopping(
            patience=self.config.patience, restore_best_weights=True
        )
        network.fit(
            *train,
            batch_size=train.batch_size,
            epochs=self.config.epochs,
            validation_data=tuple(validation),
            callbacks=[stopping],
            verbose=0,
        )
        last = layers.Identity() if self.is_regression else layers.Softmax()
        self.model = keras.Model(network.input, last(network.output))


def _numbers(rows: Any, columns: Columns) -> list[Any]:
    """Standardised values, and 1 where one was missing."""
    if not columns.numeric:
        return []
    numbers = ops.take(rows, columns.numeric, axis=1)
    missing = ops.isnan(numbers)
    scaled = (ops.where(missing, columns.fill, numbers) - columns.center) / columns.scale
    indicators = ops.cast(missing, "float32") * columns.has_missing
    return [ops.clip(scaled, -MAX_ABS_NUMBER, MAX_ABS_NUMBER), indicators]


def _embeddings(rows: Any, columns: Columns) -> list[Any]:
    """Embedded categories; one that no row has keeps zeros, and so counts as average."""
    embedded = []
    for column, size, width in zip(
        columns.categorical, columns.sizes, columns.embedding_widths, strict=True
    ):
        codes = rows[:, column] + CATEGORY_OFFSET
        indices = ops.cast(ops.where(ops.isnan(codes), 0.0, codes), "int32")
        embedded.append(layers.Embedding(size, width, embeddings_initializer="zeros")(indices))
    return embedded
