"""How the float32 matrix enters a neural network: numbers on one scale, categories as positions."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..encoder import Encoder, Matrix

Floats = NDArray[np.float32]

# Positions in an embedding: missing, then unknown (-1 in the matrix), then the vocabulary.
SHIFT = 2
# Standardised numbers end here, so that one far away has no power over the answer.
BOUND = 5.0
# Of so many blocks of neighbouring rows, so many say when to stop.
_BLOCKS = 40
_HELD_BLOCKS = 6


@dataclass(frozen=True)
class Examples:
    """Attributes:
    numbers: shape (rows, 2 x numbers): standardised values, then 1 where one was missing.
    categories: positions in the embeddings, shape (rows, categories).
    target: class codes, or standardised values.
    """

    numbers: Floats
    categories: NDArray[np.int64]
    target: NDArray[Any]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, at: NDArray[np.intp]) -> "Examples":
        return Examples(self.numbers[at], self.categories[at], self.target[at])


@dataclass(frozen=True)
class Inputs:
    """What was learned about the columns.

    Attributes:
        numbers: columns of the matrix that hold numbers.
        categories: columns that hold category positions.
        sizes: positions of each embedding.
        fill: what stands in for a missing number.
        center: what is subtracted from a number.
        scale: what it is divided by then.
    """

    numbers: tuple[int, ...]
    categories: tuple[int, ...]
    sizes: tuple[int, ...]
    fill: Floats
    center: Floats
    scale: Floats

    @classmethod
    def fit(cls, matrix: Matrix, encoder: Encoder) -> Self:
        categories = encoder.categorical
        numbers = tuple(at for at in range(len(encoder.names)) if at not in categories)
        sizes = tuple(len(words) + SHIFT for words in encoder.vocabularies.values())
        values = matrix[:, numbers].astype(np.float64)
        present = np.isfinite(values)
        columns = [values[there, at] for at, there in enumerate(present.T)]
        fill = np.array([np.median(column) if len(column) else 0.0 for column in columns])
        filled = np.where(present, values, fill)
        center, scale = filled.mean(axis=0), filled.std(axis=0)
        exact = fill, center, np.where(scale > 0, scale, 1.0)
        return cls(numbers, categories, sizes, *(each.astype(np.float32) for each in exact))

    def split(self, matrix: Matrix) -> tuple[Floats, NDArray[np.int64]]:
        """Numbers and categories as `Examples` holds them, in float32 as in the ONNX form."""
        values, words = matrix[:, self.numbers], matrix[:, self.categories]
        absent = np.isnan(values)
        scaled = (np.where(absent, self.fill, values) - self.center) / self.scale
        numbers = np.concatenate([np.clip(scaled, -BOUND, BOUND), absent], axis=1)
        positions = np.where(np.isnan(words), 0, words + SHIFT)
        return numbers.astype(np.float32), positions.astype(np.int64)

    def counts(self, categories: NDArray[np.int64]) -> list[NDArray[np.intp]]:
        """How often each position of each embedding occurs."""
        return [
            np.bincount(column, minlength=size)
            for column, size in zip(categories.T, self.sizes, strict=True)
        ]


def early_stopping_split(
    target: NDArray[Any], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Positions to learn from, and positions that say when to stop.

    Neighbours resemble each other (they may share a day), so whole blocks of them are kept apart:
    of each class, so that none is missing; the first of its rows are always learned from.
    """
    blocks = rng.choice(np.arange(1, _BLOCKS), _HELD_BLOCKS, replace=False)
    is_held = np.zeros(len(target), dtype=bool)
    groups = np.unique(target) if target.dtype.kind == "i" else [None]
    for group in groups:
        at = np.arange(len(target)) if group is None else np.flatnonzero(target == group)
        is_held[at] = np.isin(np.arange(len(at)) * _BLOCKS // len(at), blocks)
    if not is_held.any():
        is_held[-1] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)
