"""The contract as Evidently sees it: which columns are compared as numbers, which as categories.

Dates drift by nature, texts are no features, and identifiers and groups never come back: only
numeric and categorical features are compared.
"""

from collections.abc import Collection
from typing import Any

from .model import Column, Contract


def compared_columns(contract: Contract) -> tuple[Column, ...]:
    """Features whose distribution is watched, in the contract's order."""
    return tuple(spec for spec in contract.features if spec.type not in ("datetime", "text"))


def is_number(spec: Column) -> bool:
    """Whether values are compared by distance, and not by their shares."""
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
        contract: what the data is.
        numbers: numeric columns besides those of the contract, such as a predicted probability.
        categories: categorical ones.
        leave_out: names of columns that are not in the data.
    """
    from evidently import DataDefinition

    kept = [spec for spec in compared_columns(contract) if spec.name not in leave_out]
    return DataDefinition(
        numerical_columns=[spec.name for spec in kept if is_number(spec)] + list(numbers),
        categorical_columns=[spec.name for spec in kept if not is_number(spec)] + list(categories),
    )
