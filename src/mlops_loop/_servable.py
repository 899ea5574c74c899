"""Whether a bundle can answer a request, tried with the real decoder and predictor."""

from collections.abc import Callable

import msgspec

from ._bundle import Bundle
from ._prediction_hooks import PredictionHooks
from ._predictor import Predictor
from .contract._decoder import Decoder, InvalidRequestBody
from .contract._json_schema import example_row
from .errors import BundleError

PredictorFactory = Callable[[Bundle], Predictor]


def load_servable(
    bundle: Bundle, make: PredictorFactory, hooks: PredictionHooks | None = None
) -> Predictor:
    """A bundle's predictor, which has predicted the contract's example row by now.

    The first prediction is slow as well, and no caller should wait for it.

    Args:
        make: makes a predictor of a bundle.
        hooks: run before and after the predictor; those after it become part of it.

    Raises:
        BundleError: if the row cannot be decoded or predicted.
    """
    hooks = hooks or PredictionHooks()
    predictor = hooks.wrap(make(bundle))
    body = msgspec.json.encode(example_row(bundle.contract))
    try:
        decoded = Decoder(bundle.contract).decode(body)
    except InvalidRequestBody as error:
        reasons = "; ".join(violation.summary() for violation in error.violations) or str(error)
        raise BundleError(
            f"it rejects the example row of its own contract: {reasons}; correct `example` in "
            "config/contract.yaml and train again"
        ) from error
    try:
        predictor.predict(hooks.prepare(decoded.columns))
    except KeyError as error:
        raise BundleError(
            f"it needs the column {error}, which its contract does not have: train again"
        ) from error
    return predictor


def require_servable(
    bundle: Bundle, make: PredictorFactory, hooks: PredictionHooks | None = None
) -> None:
    """Make sure that a bundle can answer, before it is published.

    Raises:
        BundleError: if it cannot, for whatever reason.
    """
    try:
        load_servable(bundle, make, hooks)
    except BundleError:
        raise
    except Exception as error:  # whatever the model, the encoder or a feature raises
        raise BundleError(f"it cannot predict the example row: {error}") from error
