"""The contract as Evidently's data definition: numeric and categorical columns.

Only numeric and categorical features are compared: dates always drift, texts are not features, and
identifiers and groups do not recur.
"""

from collections.abc import Collection
from typing import Any

from ._column_definition import Column
from ._model import Contract


def compared_columns(contract: Contract) -> tuple[Column, ...]:
    """Features whose distribution is compared, in the contract's order."""
    return tuple(spec for spec in contract.features if spec.type not in ("datetime", "text"))


def is_number(spec: Column) -> bool:
    """Whether values are compared as numbers, not as categories."""
    return spec.type in ("integer", "number")


def data_definition(
    contract: Contract,
    *,
    numbers: Collection[str] = (),
    categories: Collection[str] = (),
    leave_out: Collection[str] = (),
) -> Any:
    """Evidently's `DataDefinition` of the compared columns.

    Args:
        contract: types and roles of the columns.
        numbers: numeric columns besides those of the contract, such as a predicted probability.
        categories: categorical ones.
        leave_out: names of columns that are not in the data.
    """
    from evidently import DataDefinition

    compared = [spec for spec in compared_columns(contract) if spec.name not in leave_out]
    return DataDefinition(
        numerical_columns=[spec.name for spec in compared if is_number(spec)] + list(numbers),
        categorical_columns=[spec.name for spec in compared if not is_number(spec)]
        + list(categories),
    )
