"""The contract as MLflow signature of the registered model."""

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import AnyType

from ._column_definition import Column, ColumnType
from ._model import Contract
from ._outputs import PREDICTION, probability_names

_TYPES: dict[ColumnType, DataType] = {
    "integer": DataType.long,
    "number": DataType.double,
    "category": DataType.string,
    "boolean": DataType.boolean,
    "datetime": DataType.datetime,
    "text": DataType.string,
}


def mlflow_signature(contract: Contract) -> ModelSignature:
    """Columns of a request, and of a response."""
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(_input_type(column), column.name, required=not column.nullable)
        for column in contract.inputs
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec(_TYPES[contract.target.type], PREDICTION)]
    outputs += [ColSpec(DataType.double, name) for name in probability_names(contract.classes)]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _input_type(column: Column) -> DataType | AnyType:
    # MLflow rejects what the project's own snapshots hold: datetimes with a time zone, and nullable
    # integers and booleans, whose type in pandas depends on whether values are missing. The model
    # itself reads them in any form.
    if column.type == "datetime" or column.nullable and column.type in ("integer", "boolean"):
        return AnyType()  # type: ignore[no-untyped-call]
    return _TYPES[column.type]
