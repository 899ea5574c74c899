"""Compatibility of a project's history with a new contract."""

from ..contract import Contract
from ..errors import InputError


def require_same_schema(before: Contract | None, after: Contract) -> None:
    """Require that logged rows and versions of one contract are usable with another.

    Raises:
        InputError: if problem, target or inputs differ; the message names them.
    """
    if before is not None and before.schema_digest == after.schema_digest:
        return
    raise InputError(
        f"the history cannot be kept: {_reason(before, after)}; run `adopt` without --keep, which "
        "archives var/ and the prediction log"
    )


def _reason(before: Contract | None, after: Contract) -> str:
    if before is None:
        return "its contract cannot be read"
    if before.target_digest != after.target_digest:
        return f"it is about {before.target_summary}, the new target is {after.target_summary}"
    old = {(column.name, column.type) for column in before.inputs}
    new = {(column.name, column.type) for column in after.inputs}
    names = sorted({name for name, _ in old ^ new})
    return f"other inputs: {', '.join(names)}"
