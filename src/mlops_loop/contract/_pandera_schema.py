"""The contract as a pandera schema: the guard of ingestion, and of frames in a notebook."""

import os
import warnings
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

with warnings.catch_warnings():
    # Where PySpark is installed, pandera imports it, which warns of pandas 3. It also sets this
    # variable: later, workers on other machines would not reach the driver.
    warnings.simplefilter("ignore", FutureWarning)
    _had_address = "SPARK_LOCAL_IP" in os.environ
    import pandera.pandas as pandera
    from pandera.errors import SchemaErrors

    if not _had_address:
        os.environ.pop("SPARK_LOCAL_IP", None)

from . import _messages as messages
from ._arrow import ARROW_TYPES, table_columns
from ._column_definition import Action, Column
from ._model import Contract

Actions = Sequence[Action]

# What pandera calls a null where none may be.
_NOT_NULLABLE = "not_nullable"


def pandera_schema(
    contract: Contract,
    columns: Sequence[Column] | None = None,
    *,
    actions: Actions = ("reject",),
) -> pandera.DataFrameSchema:
    """A schema for frames of `to_frame`: types, nullability and constraints.

    Args:
        contract: contract of the data.
        columns: those to check, by default all but the ignored ones.
        actions: actions of the constraints to check; by default those that reject.
    """
    columns = table_columns(contract) if columns is None else columns
    return pandera.DataFrameSchema(
        {
            column.name: pandera.Column(
                pd.ArrowDtype(ARROW_TYPES[column.type]),
                _checks(column, actions),
                nullable=column.nullable,
                description=column.description or None,
            )
            for column in columns
        }
    )


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The table as a pandas frame over the same Arrow memory, so that null stays null."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def find_violations(
    contract: Contract, table: pa.Table, columns: Sequence[Column] | None = None
) -> pd.DataFrame:
    """Everything that is wrong with a table in the contract's types, found in one pass.

    Returns:
        A frame with one line a violation: `row` (position), `column`, `reason`, `action`.
    """
    columns = table_columns(contract) if columns is None else columns
    failures = [_failures(contract, table, column) for column in columns]
    cases = pd.concat(failures, ignore_index=True)
    violations = pd.DataFrame(
        {
            "row": cases["index"].astype("int64"),
            "column": cases["column"].astype("str"),
            "reason": cases["check"].replace(_NOT_NULLABLE, messages.MISSING).astype("str"),
        }
    )
    kinds = violations[["column", "reason"]].drop_duplicates()
    acts = [
        messages.action(contract.column(name), reason)
        for name, reason in kinds.itertuples(index=False)
    ]
    return violations.merge(kinds.assign(action=acts), on=["column", "reason"], how="left")


def _failures(contract: Contract, table: pa.Table, column: Column) -> pd.DataFrame:
    """The violations of one column.

    Columns are validated one by one, as pandera puts invalid values of all columns into one array,
    where integers beyond 2**53 and fractions do not fit together.
    """
    schema = pandera_schema(contract, [column], actions=("reject", "warn")).columns[column.name]
    keys = ["index", "column", "check"]
    try:
        schema.validate(to_frame(table.select([column.name])), lazy=True)
    except SchemaErrors as errors:
        return pd.DataFrame(errors.failure_cases[keys])
    return pd.DataFrame({name: [] for name in keys})


def _checks(column: Column, actions: Actions) -> list[pandera.Check]:
    checks: list[pandera.Check] = []
    bounds = column.range
    if bounds is not None and bounds.on_violation in actions:
        least, most = column.limits
        if least is not None and bounds.minimum is not None:
            checks.append(pandera.Check.ge(least, error=messages.below(bounds.minimum)))
        if most is not None and bounds.maximum is not None:
            checks.append(pandera.Check.le(most, error=messages.above(bounds.maximum)))
    if column.categories is not None and column.categories.on_violation in actions:
        known = list(column.categories.values)
        checks.append(pandera.Check.isin(known, error=messages.UNKNOWN_CATEGORY))
    return checks
