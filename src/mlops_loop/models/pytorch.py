"""A neural network in PyTorch: embedded categories, standardised numbers, ReLU layers.

It runs on the CPU unless CUDA finds a GPU. Each fit keeps its random numbers to itself and works
on one thread: the layers are small, folds are fitted beside each other, and sums come out the same.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import Candidate
from ._network import Floats, NetworkConfig, NetworkEstimator, Weights, suggest
from ._network_inputs import Examples

__all__ = ["network"]


def network(**parameters: Any) -> Candidate:
    """A neural network in PyTorch: embedded categories, standardized numbers, ReLU layers.

    Args:
        parameters: overriding the defaults, e.g. `width` or `epochs`.

    Examples:
        >>> network(width=32).name
        'pytorch'
    """
    return Candidate(
        "pytorch",
        lambda task, chosen: NetworkEstimator(task, chosen, TorchNetwork),
        search_space=suggest,
        to_onnx=lambda estimator, features: estimator.to_onnx(features),
        parameters=parameters,
    )


class TorchNetwork:
    """The layers as tensors that require gradients."""

    def __init__(
        self, start: Weights, importance: Floats | None, config: NetworkConfig, seed: int
    ) -> None:
        import torch

        torch.set_num_threads(1)
        self._torch = torch
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._dropout = config.dropout
        self._importance = None if importance is None else self._tensor(importance)
        self._tables = [self._tensor(table).requires_grad_() for table in start.tables]
        self._layers = [
            (self._tensor(matrix).requires_grad_(), self._tensor(bias).requires_grad_())
            for matrix, bias in start.layers
        ]
        matrices = [*self._tables, *(matrix for matrix, _ in self._layers)]
        biases = [bias for _, bias in self._layers]
        self._optimizer = torch.optim.AdamW(
            [{"params": matrices}, {"params": biases, "weight_decay": 0.0}],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
        )

    def step(self, batch: Examples) -> None:
        functional = self._torch.nn.functional
        scores = self._scores(batch.numbers, batch.categories, learning=True)
        target = self._tensor(batch.target)
        if self._importance is None:
            loss = functional.mse_loss(scores[:, 0], target)
        else:
            weighed = scores + self._importance.log()
            losses = functional.cross_entropy(weighed, target, reduction="none")
            loss = (losses * self._importance[target]).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()

    def raw(self, numbers: Floats, categories: NDArray[np.int64]) -> Floats:
        with self._torch.inference_mode():
            scores = self._scores(numbers, categories, learning=False)
            return np.asarray(scores.cpu().numpy())

    def weights(self) -> Weights:
        return Weights(
            [_array(table) for table in self._tables],
            [(_array(matrix), _array(bias)) for matrix, bias in self._layers],
        )

    def load(self, weights: Weights) -> None:
        with self._torch.no_grad():
            for table, values in zip(self._tables, weights.tables, strict=True):
                table.copy_(self._tensor(values))
            for layer, arrays in zip(self._layers, weights.layers, strict=True):
                for tensor, values in zip(layer, arrays, strict=True):
                    tensor.copy_(self._tensor(values))

    def _scores(self, numbers: Floats, categories: NDArray[np.int64], *, learning: bool) -> Any:
        positions = self._tensor(categories)
        embedded = [table[positions[:, at]] for at, table in enumerate(self._tables)]
        values = self._torch.cat([self._tensor(numbers), *embedded], dim=1)
        for matrix, bias in self._layers[:-1]:
            values = self._torch.relu(self._torch.addmm(bias, values, matrix))
            values = self._thinned(values) if learning and self._dropout else values
        matrix, bias = self._layers[-1]
        return self._torch.addmm(bias, values, matrix)

    def _thinned(self, values: Any) -> Any:
        """Dropout, from random numbers that no other thread draws from."""
        kept = self._torch.empty_like(values).bernoulli_(1 - self._dropout, generator=self._random)
        return values * kept / (1 - self._dropout)

    def _tensor(self, values: NDArray[Any]) -> Any:
        return self._torch.tensor(values, device=self._device)


def _array(tensor: Any) -> Floats:
    return np.array(tensor.detach().cpu().numpy())
