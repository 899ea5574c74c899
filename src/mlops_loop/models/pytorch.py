"""A neural network in PyTorch: embedded categories, standardised numbers, ReLU layers.

It runs on the CPU unless CUDA finds a GPU.
"""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

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
    """A neural network in PyTorch: embedded categories, standardized numbers, ReLU layers.

    Args:
        parameters: fields of `NetworkConfig` that override the defaults, e.g. `width` or `epochs`.

    Examples:
        >>> network(width=32).name
        'pytorch'
    """
    return Candidate(
        "pytorch",
        TorchEstimator,
        search_space=search_space,
        to_onnx=lambda estimator, features: estimator.to_onnx(features),
        parameters=parameters,
    )


class TabularNetwork(nn.Module):  # type: ignore[misc]  # types of PyTorch are not read
    """From the float32 matrix of shape (rows, features) to scores of shape (rows, outputs)."""

    def __init__(self, columns: Columns, bias: NDArray[np.float32], config: NetworkConfig) -> None:
        super().__init__()
        self.numeric, self.categorical = columns.numeric, columns.categorical
        for name in ("fill", "center", "scale", "has_missing"):
            self.register_buffer(name, torch.from_numpy(getattr(columns, name)))
        widths = columns.embedding_widths
        self.embeddings = nn.ModuleList(
            nn.Embedding(size, width) for size, width in zip(columns.sizes, widths, strict=True)
        )
        for embedding in self.embeddings:
            nn.init.zeros_(embedding.weight)  # a category that no row has counts as average
        hidden: list[nn.Module] = []
        width = 2 * len(columns.numeric) + sum(widths)
        for _ in range(config.layers):
            hidden += [nn.Linear(width, config.width), nn.ReLU(), nn.Dropout(config.dropout)]
            width = config.width
        last = nn.Linear(width, len(bias))
        last.bias.data = torch.from_numpy(bias)
        self.layers = nn.Sequential(*hidden, last)

    def forward(self, rows: Tensor) -> Tensor:
        numbers = rows[:, self.numeric]
        missing = torch.isnan(numbers)
        scaled = (torch.where(missing, self.fill, numbers) - self.center) / self.scale
        codes = rows[:, self.categorical] + CATEGORY_OFFSET
        indices = torch.where(torch.isnan(codes), torch.zeros_like(codes), codes).long()
        embedded = [
            embedding(indices[:, column]) for column, embedding in enumerate(self.embeddings)
        ]
        clipped = scaled.clamp(-MAX_ABS_NUMBER, MAX_ABS_NUMBER)
        indicators = missing.float() * self.has_missing
        return self.layers(torch.cat([clipped, indicators, *embedded], dim=1))


class TorchEstimator(NetworkEstimator):
    """Fits a `TabularNetwork` with AdamW and early stopping."""

    def to_onnx(self, features: int) -> bytes:
        program = torch.onnx.export(
            self.model,
            (torch.zeros(2, features),),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("rows")},),
            opset_version=_OPSET,
            verbose=False,
        )
        return bytes(program.model_proto.SerializeToString())

    def _predict(self, matrix: Matrix) -> NDArray[np.float32]:
        with torch.inference_mode():
            return np.asarray(self.model(torch.from_numpy(matrix)).numpy())

    def _train(self, columns: Columns, train: Examples, validation: Examples) -> None:
        torch.manual_seed(self.task.seed)
        torch.set_num_threads(self.task.threads)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network = TabularNetwork(columns, train.initial_bias(self.outputs), self.config).to(device)
        loss = nn.MSELoss() if self.is_regression else nn.CrossEntropyLoss()
        optimizer = _optimizer(network, self.config)
        lowest, best, patience = float("inf"), network.state_dict(), self.config.patience
        for _ in range(self.config.epochs):
            _train_epoch(network, loss, optimizer, train, device)
            current = _validation_loss(network, loss, validation, device)
            if current < lowest:
                lowest, best = current, deepcopy(network.state_dict())
                patience = self.config.patience
            elif not (patience := patience - 1):
                break
        network.load_state_dict(best)
        last = nn.Identity() if self.is_regression else nn.Softmax(dim=1)
        self.model = nn.Sequential(network, last).eval().cpu()


def _optimizer(network: nn.Module, config: NetworkConfig) -> torch.optim.Optimizer:
    """AdamW that leaves the biases as they are, so that the average prediction is not shrunk."""
    matrices = [each for each in network.parameters() if each.ndim > 1]
    biases = [each for each in network.parameters() if each.ndim == 1]
    return torch.optim.AdamW(
        [{"params": matrices}, {"params": biases, "weight_decay": 0.0}],
        lr=config.learning_rate,
        weight_decay=config.weight_decay,
    )


def _train_epoch(
    network: nn.Module,
    loss: nn.Module,
    optimizer: torch.optim.Optimizer,
    examples: Examples,
    device: torch.device,
) -> None:
    network.train()
    rows, target = (torch.from_numpy(array).to(device) for array in examples)
    for batch in torch.randperm(len(rows), device=device).split(examples.batch_size):
        optimizer.zero_grad()
        loss(network(rows[batch]).squeeze(1), target[batch]).backward()
        optimizer.step()


def _validation_loss(
    network: nn.Module, loss: nn.Module, examples: Examples, device: torch.device
) -> float:
    network.eval()
    rows, target = (torch.from_numpy(array).to(device) for array in examples)
    with torch.inference_mode():
        return float(loss(network(rows).squeeze(1), target))
