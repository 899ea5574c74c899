"""The contract as MLflow signature of the registered model."""

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

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
        ColSpec(_type(column), column.name, required=not column.nullable)
        for column in contract.inputs
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec(_type(contract.target), PREDICTION)]
    outputs += [ColSpec(DataType.double, name) for name in probability_names(contract.classes)]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _type(column: Column) -> DataType:
    # pandas stores nullable integers and booleans as floats and objects.
    if column.nullable and column.type in ("integer", "boolean"):
        return DataType.double
    return _TYPES[column.type]
