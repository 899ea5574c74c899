"""Malformed rows of text files as violations of the contract."""

import numpy as np

from ..contract._violations import Checked, Violation
from ._sources.malformed import MalformedRows


def rejected_rows(malformed: MalformedRows, name: str = "line {}") -> Checked:
    """The result of a check that rejects each of these rows, which have no values.

    Args:
        malformed: the rows.
        name: takes the place of a column's name; it may hold the line.
    """
    violations = [
        Violation(row, name.format(line), text, f"is malformed: {problem}", "reject")
        for row, (line, problem, text) in enumerate(
            zip(malformed.lines, malformed.problems, malformed.texts, strict=True)
        )
    ]
    return Checked({}, np.zeros(len(malformed), dtype=np.bool_), tuple(violations))
