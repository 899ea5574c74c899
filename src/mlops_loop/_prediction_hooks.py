"""Functions of the project that run before and after the model, online and in batch scoring."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ._bundle import Manifest
from ._predictor import Prediction, Predictor
from ._project_code import describe, failure
from .contract._columns import Columns, length
from .contract._model import Contract
from .errors import HookError, ProjectError

BeforePredict = Callable[[Columns], Columns]
AfterPredict = Callable[[Columns, Prediction], Prediction]


@dataclass(frozen=True)
class PredictionHooks:
    """Pre- and post-processing of predictions, given to `Project` as two lists.

    A hook gets a block of one to many rows and has to treat each row by itself: online, rows of
    several requests are predicted together. The prediction log holds the columns that the last
    `before` hook returned (what the model saw) and the prediction that the last `after` hook
    returned (what was answered), of champion and challenger alike. Training calls no hook.

    Attributes:
        before: called in order with the contract's input columns, one array of shape (rows,)
            each, as in `mlops_loop.contract._columns`; returns columns of the same names, types
            and length.
        after: called in order with the columns that the model saw and a `Prediction`; returns a
            `Prediction` for the same rows. `values` has one class or number a row;
            `probabilities` has the shape (rows, classes), None for regression.

    Examples:
        >>> import numpy as np
        >>> def round_price(columns):
        ...     return {**columns, "price": np.round(columns["price"])}
        >>> def decline_expensive(columns, prediction):
        ...     values = [
        ...         False if price > 100 else value
        ...         for price, value in zip(columns["price"], prediction.values)
        ...     ]
        ...     return Prediction(values, prediction.probabilities)
        >>> hooks = PredictionHooks((round_price,), (decline_expensive,))
        >>> columns = hooks.prepare({"price": np.array([9.6, 120.2])})
        >>> columns["price"].tolist()
        [10.0, 120.0]
        >>> hooks.finish(columns, Prediction([True, True], None)).values
        [True, False]
    """

    before: Sequence[BeforePredict] = ()
    after: Sequence[AfterPredict] = ()

    def prepare(self, columns: Columns) -> Columns:
        """The columns that the model gets.

        Raises:
            HookError: if a hook raises an exception, or returns other columns, types or lengths
                than it was given.
        """
        for hook in self.before:
            with _named("before_predict", hook):
                prepared = hook(columns)
            _require_same_layout(hook, columns, prepared)
            columns = prepared
        return columns

    def finish(self, columns: Columns, prediction: Prediction) -> Prediction:
        """The prediction that is answered.

        Raises:
            HookError: if a hook raises an exception, or returns a prediction for another number of
                rows or classes.
        """
        for hook in self.after:
            with _named("after_predict", hook):
                finished = hook(columns, prediction)
            _require_same_shape(hook, prediction, finished)
            prediction = finished
        return prediction

    def wrap(self, predictor: Predictor) -> Predictor:
        """The predictor with the `after` hooks applied to all that it predicts."""
        return _FinishingPredictor(predictor, self) if self.after else predictor


@dataclass(frozen=True)
class _FinishingPredictor:
    inner: Predictor
    hooks: PredictionHooks

    @property
    def manifest(self) -> Manifest:
        return self.inner.manifest

    @property
    def contract(self) -> Contract:
        return self.inner.contract

    def predict(self, columns: Columns) -> Prediction:
        return self.hooks.finish(columns, self.inner.predict(columns))


@contextmanager
def _named(kind: str, hook: object) -> Iterator[None]:
    """Name the hook that raises; an error of the library, e.g. `Problem`, is raised as it is."""
    try:
        yield
    except ProjectError:
        raise
    except Exception as error:
        raise HookError(f"{kind}: {describe(hook)} {failure(hook, error)}") from error


def _require_same_layout(hook: BeforePredict, given: Columns, returned: Columns) -> None:
    if not isinstance(returned, dict):
        raise HookError(
            f"before_predict: {describe(hook)} returned {type(returned).__name__}, expected a dict "
            "of columns"
        )
    if given.keys() != returned.keys():
        names = ", ".join(sorted(given.keys() ^ returned.keys()))
        raise HookError(f"before_predict: {describe(hook)} added or removed columns: {names}")
    rows = length(given)
    for name, values in returned.items():
        shape, dtype = getattr(values, "shape", None), getattr(values, "dtype", type(values))
        if shape != (rows,) or values.dtype.kind != given[name].dtype.kind:
            raise HookError(
                f"before_predict: {describe(hook)} returned {name} as {dtype} of shape {shape},"
                f" expected {given[name].dtype} of shape ({rows},)"
            )


def _require_same_shape(hook: AfterPredict, given: Prediction, returned: Prediction) -> None:
    if not isinstance(returned, Prediction):
        raise HookError(
            f"after_predict: {describe(hook)} returned {type(returned).__name__}, expected a "
            "Prediction"
        )
    if len(given.values) != len(returned.values) or _shape(given) != _shape(returned):
        raise HookError(
            f"after_predict: {describe(hook)} returned {len(returned.values)} values and"
            f" probabilities of shape {_shape(returned)}, expected {len(given.values)} values and"
            f" probabilities of shape {_shape(given)}"
        )


def _shape(prediction: Prediction) -> tuple[int, ...] | None:
    return None if prediction.probabilities is None else prediction.probabilities.shape
