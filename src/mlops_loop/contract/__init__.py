"""The data contract: the columns of a table, read from `config/contract.yaml`."""

from typing import TYPE_CHECKING

from .._lazy_exports import lazy_exports
from ._column_definition import Categories, Column, LeadTime, Range
from ._contract_file import load_contract, parse_contract
from ._model import Contract

if TYPE_CHECKING:
    from ._check import check_rows
    from ._columns import Columns
    from ._violations import Checked, Violation
else:
    # Imported on first use: loading a contract needs no numpy.
    __getattr__ = lazy_exports(
        __name__,
        {
            "Checked": "_violations",
            "Columns": "_columns",
            "Violation": "_violations",
            "check_rows": "_check",
        },
    )

__all__ = [
    "Categories",
    "Checked",
    "Column",
    "Columns",
    "Contract",
    "LeadTime",
    "Range",
    "Violation",
    "check_rows",
    "load_contract",
    "parse_contract",
]
