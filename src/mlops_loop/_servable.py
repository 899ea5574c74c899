"""Whether a bundle can answer a request, tried with the real decoder and predictor."""

from collections.abc import Callable

import msgspec

from ._bundle import REFERENCE, Bundle
from ._prediction_hooks import PredictionHooks
from ._predictor import Predictor
from .contract._columns import JsonValue, to_rows
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
    _predict(predictor, hooks, example_row(bundle.contract), "the example row of its own contract")
    return predictor


def require_servable(
    bundle: Bundle, make: PredictorFactory, hooks: PredictionHooks | None = None
) -> None:
    """Make sure that a bundle can answer, before it is published.

    Besides the contract's example, a held-out row is tried, as a request would bring it.

    Raises:
        BundleError: if it cannot, for whatever reason.
    """
    try:
        predictor = load_servable(bundle, make, hooks)
    except BundleError:
        raise
    except Exception as error:  # whatever the model, the encoder or a feature raises
        raise BundleError(f"it cannot predict the example row: {error}") from error
    try:
        for row in _held_out_row(bundle):
            _predict(predictor, hooks or PredictionHooks(), row, "a row that it was evaluated on")
    except BundleError:
        raise
    except Exception as error:
        raise BundleError(f"it cannot predict a row that it was evaluated on: {error}") from error


def _predict(
    predictor: Predictor, hooks: PredictionHooks, row: dict[str, JsonValue], name: str
) -> None:
    contract = predictor.contract
    try:
        decoded = Decoder(contract).decode(msgspec.json.encode(row))
    except InvalidRequestBody as error:
        reasons = "; ".join(violation.summary() for violation in error.violations) or str(error)
        raise BundleError(
            f"it rejects {name}: {reasons}; correct config/contract.yaml and train again"
        ) from error
    try:
        predictor.predict(hooks.prepare(decoded.columns))
    except KeyError as error:
        raise BundleError(
            f"it needs the column {error}, which its contract does not have: train again"
        ) from error


def _held_out_row(bundle: Bundle) -> list[dict[str, JsonValue]]:
    """A row of the reference, the inputs alone; empty if there is no reference.

    Identifiers, which the reference leaves out, are those of the contract's example.
    """
    if REFERENCE not in bundle.manifest.files:
        return []
    # Not needed by a service, which tries the example alone.
    import pyarrow as pa
    import pyarrow.parquet

    from .contract._arrow import from_arrow

    contract = bundle.contract
    table = pyarrow.parquet.read_table(pa.BufferReader(bundle.read(REFERENCE))).slice(0, 1)
    inputs = [column for column in contract.inputs if column.role not in ("id", "group")]
    rows = to_rows(inputs, from_arrow(contract, table))
    return [{**example_row(contract), **row} for row in rows]
