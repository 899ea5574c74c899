"""Names of the columns that hold predictions, wherever predictions stand in a table."""

from collections.abc import Sequence

from ._model import Class

PREDICTION = "prediction"


def probability_names(classes: Sequence[Class]) -> tuple[str, ...]:
    """One column name a class, in order; a boolean class is spelled as in JSON."""
    return tuple(
        f"probability_{str(value).lower() if isinstance(value, bool) else value}"
        for value in classes
    )
