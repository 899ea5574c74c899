"""Validation of a file against the contract, as a report."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._settings import Csv
from ..contract import Contract
from ..contract._arrow import table_columns
from ..contract._casting import check_table, missing_columns
from ..contract._columns import JsonValue
from ..contract._violations import Violation
from ._malformed import rejected_rows
from ._sources.file import PLAIN, check_files, column_names, fitting, read_batches
from ._sources.file_discovery import find_files
from ._sources.malformed import MalformedRows
from ._sources.row_locations import Place, Places

# Number of examples (limit).
EXAMPLES = 20


@dataclass(frozen=True)
class ValidationReport:
    """The violations of a file.

    Attributes:
        rows: number of rows.
        rejected: number of rejected rows.
        counts: number of rows by message, for rejections and warnings, the most frequent first.
        examples: the first violations, each with its place, in the order of the rows.
    """

    rows: int
    rejected: int
    counts: dict[str, dict[str, int]]
    examples: tuple[tuple[Place, Violation], ...]

    def messages(self) -> list[str]:
        lines = [f"{self.rejected} of {self.rows} rows violate the contract"]
        for action, word in (("reject", "rejected"), ("warn", "warning")):
            lines += [f"{word}: {text} ({rows})" for text, rows in self.counts[action].items()]
        listed = [
            f"{place}: {violation.summary()}, got {violation.value!r}"
            for place, violation in self.examples
        ]
        return lines + listed

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "rejected": self.rejected,
            "counts": self.counts,
            "violations": [_violation(*example) for example in self.examples],
        }


def validate_file(
    source: Path | str,
    contract: Contract,
    *,
    csv: Csv = PLAIN,
    progress: Callable[[int], None] | None = None,
) -> ValidationReport:
    """Check every row of a CSV or Parquet file, a folder or a glob, batch by batch.

    A file without the target is checked like a request.

    Raises:
        SourceError: if the file cannot be read, or lacks a column.
    """
    files = find_files(str(source), Path())
    asked = table_columns(contract)
    names = {name for file in files for name in column_names(file, fitting(file, asked, csv))}
    has_target = not missing_columns([contract.target], names)
    columns = table_columns(contract, target=has_target)
    check_files(files, columns, csv)
    rows = rejected = 0
    counts: dict[str, Counter[str]] = {"reject": Counter(), "warn": Counter()}
    examples: list[Violation] = []
    places = Places()
    for raw in read_batches(files, columns, csv=csv, malformed=True, places=places):
        if not raw.num_rows:
            continue
        malformed = MalformedRows.of(raw)
        if malformed is None:
            checked = check_table(contract, raw, columns)
            counted = ((violation.action, violation.summary()) for violation in checked.violations)
        else:
            checked = rejected_rows(malformed, "row")
            counted = (("reject", malformed.reason) for _ in malformed.texts)
        for action, reason in counted:
            counts[action][reason] += 1
        examples += _moved(checked.violations[: EXAMPLES - len(examples)], rows)
        rows += raw.num_rows
        rejected += int((~checked.accepted).sum())
        if progress is not None:
            progress(rows)
    ordered = {action: dict(counted.most_common()) for action, counted in counts.items()}
    located = zip(places.of([violation.row for violation in examples]), examples, strict=True)
    return ValidationReport(rows, rejected, ordered, tuple(located))


def _moved(violations: tuple[Violation, ...], rows: int) -> list[Violation]:
    """The same violations with row numbers over all files."""
    return [replace(violation, row=violation.row + rows) for violation in violations]


def _violation(place: Place, violation: Violation) -> dict[str, JsonValue]:
    value = violation.value if isinstance(violation.value, bool | int | float | str) else None
    shown: JsonValue = (
        str(violation.value) if value is None and violation.value is not None else value
    )
    return {
        "file": place.file,
        place.unit: place.number,
        "column": violation.column,
        "value": shown,
        "reason": violation.reason,
        "action": violation.action,
    }
