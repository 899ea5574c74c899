"""Inference of the problem from the target."""

from collections import Counter
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._model import Problem
from ..errors import InputError
from .missing_words import AMBIGUOUS, RARE_SHARE
from .types import InferredType

# Whole numbers with more distinct values are amounts, not classes.
_MOST_NUMBERED_CLASSES = 10
MOST_CLASSES = 100


def infer_problem(
    name: str, inferred: InferredType, values: pa.Array, wanted: Problem | None
) -> tuple[Problem, InferredType]:
    """The problem, and the target's type as the problem needs it.

    Args:
        name: name of the target.
        inferred: its type, inferred as for any column.
        values: a sample of it.
        wanted: the problem given by the user.

    Returns:
        The problem is `multiclass` also for two classes, until all rows are counted.

    Raises:
        InputError: if the target has no values that the problem could predict.
    """
    if inferred.is_empty:
        raise InputError(f"--target {name}: the column is empty")
    if inferred.type in ("datetime", "text"):
        raise InputError(f"--target {name}: a {inferred.type} cannot be predicted")
    if wanted == "regression":
        return "regression", _as_number(name, inferred)
    if wanted is None and inferred.type in ("integer", "number"):
        distinct = len(pc.unique(values.drop_null()))
        most = _MOST_NUMBERED_CLASSES if inferred.type == "integer" else 2
        if distinct > most:
            return "regression", inferred
    if inferred.type == "boolean" and not _has_third_class(values):
        return "binary", inferred
    parsing = inferred.parsing if inferred.type == "category" else None
    return "multiclass", replace(inferred, type="category", parsing=parsing)


def decide_classes(
    name: str, rows: Counter[str] | None, wanted: Problem | None
) -> tuple[Problem, tuple[str, ...]]:
    """Binary or multiclass, and the order of the classes; the rarer of two is the second.

    Raises:
        InputError: if there are fewer than two or too many, or the number contradicts `wanted`.
    """
    if rows is None or len(rows) > MOST_CLASSES:
        count = "more than 1000" if rows is None else len(rows)
        raise InputError(
            f"--target {name}: {count} distinct values are too many for classes (limit "
            f"{MOST_CLASSES}); numbers can be predicted with --problem regression"
        )
    require_variety(name, len(rows))
    problem: Problem = "binary" if len(rows) == 2 else "multiclass"
    if wanted not in (None, problem):
        raise InputError(f"--problem {wanted}: {name} has {len(rows)} classes, so it is {problem}")
    if problem == "binary":
        return problem, tuple(sorted(rows, key=lambda word: (-rows[word], word)))
    return problem, tuple(sorted(rows, key=_natural))


def require_variety(name: str, distinct: int) -> None:
    """Raise InputError if all rows have the same target."""
    if distinct < 2:
        raise InputError(f"--target {name}: all rows have the same value; nothing can be learned")


def _as_number(name: str, inferred: InferredType) -> InferredType:
    if inferred.type == "boolean" and inferred.parsing is None:
        return InferredType("integer")
    if inferred.type not in ("integer", "number"):
        raise InputError(f"--problem regression: {name} is not numeric, but a {inferred.type}")
    return inferred


def _has_third_class(values: pa.Array) -> bool:
    """Whether a word such as NA, which may be a class, is frequent beside two other words."""
    if not pa.types.is_string(values.type):
        return False
    words = pc.utf8_lower(pc.utf8_trim_whitespace(values.drop_null()))
    if pc.any(pc.utf8_is_digit(words)).as_py():
        return False
    share = pc.mean(pc.is_in(words, value_set=pa.array(sorted(AMBIGUOUS)))).as_py()
    return bool(share > RARE_SHARE)


def _natural(word: str) -> tuple[float, str]:
    """Sort key: numbers by value, then texts."""
    try:
        return float(word), word
    except ValueError:
        return float("inf"), word
