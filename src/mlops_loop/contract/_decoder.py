"""Request bodies to columns: a fast way for rows that are right, the check for all others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from ..errors import InputError
from ._check import check_columns, check_rows
from ._columns import DTYPES, INTEGER_LIMIT, Columns, JsonValue, to_rows
from ._model import Contract, UnknownFields
from ._row_struct import SoftConstraint, can_be_field, row_struct, warns
from ._text_values import iso_only
from ._violations import Violation

# Up to this many rows, checking each value is faster than a numpy call per column.
_FEW = 16
_BLANK = b" \t\r\n"
# Violations in one answer: what explains a body should not be larger than the body.
MAX_LISTED = 100

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])

# Values of one row by column, and those of several by column, then by row.
Row = tuple[Any, ...]
Fields = Sequence[Sequence[Any]]


class InvalidRequestBody(InputError):
    """A body that cannot be used; no violations means that it is not JSON at all.

    Attributes:
        violations: the first of them, in the order of the rows (limit MAX_LISTED).
        omitted: how many more there are.
    """

    def __init__(self, reason: str, violations: Sequence[Violation] = (), omitted: int = 0) -> None:
        super().__init__(reason)
        self.violations = tuple(violations[:MAX_LISTED])
        self.omitted = omitted + len(violations) - len(self.violations)


class TooManyRows(InvalidRequestBody):
    """A body with more rows than one request may have."""

    def __init__(self, rows: int, max_rows: int) -> None:
        super().__init__(f"{rows} rows in one request (limit {max_rows})")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Rows of one body.

    Attributes:
        columns: the arrays a predictor takes.
        rows: the same as JSON objects, datetimes in UTC, as the prediction log keeps them.
        many: whether the body was a list.
        warnings: violations that the contract accepts with a warning.
    """

    columns: Columns
    rows: list[dict[str, JsonValue]]
    many: bool
    warnings: tuple[Violation, ...]


class Decoder:
    """Decodes bodies that hold one row, or a list of rows, of one contract."""

    def __init__(self, contract: Contract, unknown_fields: UnknownFields = "reject") -> None:
        self._contract = contract
        self._unknown_fields = unknown_fields
        self._specs = contract.inputs
        self._names = [spec.name for spec in self._specs]
        fields = [(position, spec.name) for position, spec in enumerate(self._specs)]
        kinds = [spec.type for spec in self._specs]
        self._texts = [field for field in fields if DTYPES[kinds[field[0]]] == "object"]
        self._moments = [field for field in fields if kinds[field[0]] == "datetime"]
        self._whole = [position for position, _ in fields if kinds[position] == "integer"]
        numbers = [field for field in fields if DTYPES[kinds[field[0]]] == "float64"]
        self._number_names = [name for _, name in numbers]
        self._numbers = [position for position, _ in numbers]
        self._watched = [
            (position, SoftConstraint(spec))
            for position, spec in enumerate(self._specs)
            if warns(spec.range) or warns(spec.categories)
        ]
        self._mappings = {
            position: mapped
            for position, spec in enumerate(self._specs)
            if (mapped := spec.text_mapping() or iso_only(spec))
        }
        # Names that no struct can have are left to the check, which is slower and knows any name.
        self._checks_all = not all(can_be_field(name) for name in self._names)
        specs = () if self._checks_all else self._specs
        row: Any = row_struct(specs, closed=unknown_fields == "reject")
        self._one: msgspec.json.Decoder[Any] = msgspec.json.Decoder(row)
        self._many: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[row])

    def decode(self, body: bytes, max_rows: int | None = None) -> Decoded:
        """Rows of a body.

        Raises:
            TooManyRows: if there are more than `max_rows`, whatever is in them.
            InvalidRequestBody: naming the violations, or that the body is not JSON.
        """
        if self._checks_all:
            return self._decode_with_check(body, max_rows)
        try:
            return self._accept(body, max_rows)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            # The fast way only knows that something is wrong, and may be too strict.
            return self._decode_with_check(body, max_rows)

    def plain_row(self, body: bytes) -> Row | None:
        """The values of a body that is one row and looks right; None says to `decode` it."""
        if self._checks_all:
            return None
        try:
            row: Row = self._mapped(msgspec.structs.astuple(self._one.decode(body)))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if any(constraint.is_violated(row[position]) for position, constraint in self._watched):
            return None
        return row

    def decode_batch(self, rows: Sequence[Row]) -> Decoded:
        """Plain rows of several bodies as one list.

        Raises:
            ValueError, OverflowError: if one of them was not right after all.
        """
        columns, logged = self._columns(list(zip(*rows)))
        return Decoded(columns, self._as_objects(logged), True, ())

    def _accept(self, body: bytes, max_rows: int | None) -> Decoded:
        many = _is_list(body)
        if many and max_rows is not None:
            _require_few_rows(body, max_rows)
        structs = self._many.decode(body) if many else (self._one.decode(body),)
        tuples = [self._mapped(msgspec.structs.astuple(struct)) for struct in structs]
        fields: Fields = list(zip(*tuples)) or [()] * len(self._specs)
        suspicious = len(tuples) > _FEW or any(
            constraint.is_violated(value)
            for position, constraint in self._watched
            for value in fields[position]
        )
        columns, logged = self._columns(fields)
        warnings = check_columns(self._contract, columns).warnings if suspicious else ()
        return Decoded(columns, self._as_objects(logged), many, warnings)

    def _mapped(self, row: Row) -> Row:
        """The row with trimmed texts, and with those that mean another value or none replaced.

        Raises:
            ValueError: if a value that may not be missing is, or a text is left to the check.
        """
        if not self._mappings:
            return row
        values = list(row)
        for position, mapped in self._mappings.items():
            values[position] = mapped(values[position])
            if values[position] is None and not self._specs[position].nullable:
                raise ValueError(f"{self._names[position]} is missing")
        return tuple(values)

    def _as_objects(self, fields: Fields) -> list[dict[str, JsonValue]]:
        return [dict(zip(self._names, row)) for row in zip(*fields)]

    def _columns(self, fields: Fields) -> tuple[Columns, Fields]:
        """Arrays, and the values as they are logged."""
        # One array for all numbers, a row of it for each column: a call for each would cost more.
        block = np.array([fields[position] for position in self._numbers], dtype=np.float64)
        columns: Columns = dict(zip(self._number_names, block))
        logged = list(fields)
        for position, name in self._texts:
            columns[name] = np.array(fields[position], dtype=object)
        for position, name in self._moments:
            moments = [None if value is None else _utc(value) for value in fields[position]]
            # numpy reads a text in a thirtieth of the time that it takes for a datetime.
            columns[name] = np.array(moments, dtype=DTYPES["datetime"])
            logged[position] = [None if moment is None else f"{moment}+00:00" for moment in moments]
        for position in self._whole:
            logged[position] = [
                None if value is None else _whole(value) for value in fields[position]
            ]
        return columns, logged

    def _decode_with_check(self, body: bytes, max_rows: int | None) -> Decoded:
        listed, many = parse_rows(body, max_rows)
        numbers = [number for number, row in enumerate(listed) if isinstance(row, dict)]
        checked = check_rows(
            self._contract,
            [listed[number] for number in numbers],
            unknown_fields=self._unknown_fields,
            max_listed=MAX_LISTED,
        )
        rejections = [
            replace(violation, row=numbers[violation.row]) for violation in checked.rejections
        ]
        rejections += [
            Violation(number, "", row, "should be an object with the contract's columns", "reject")
            for number, row in enumerate(listed)
            if not isinstance(row, dict)
        ]
        if rejections:
            rejections.sort(key=lambda violation: violation.row)
            raise InvalidRequestBody("the rows break the contract", rejections, checked.omitted)
        rows = to_rows(self._specs, checked.columns)
        return Decoded(checked.columns, rows, many, checked.warnings)


def parse_rows(body: bytes, max_rows: int | None = None) -> tuple[list[Any], bool]:
    """What a body lists, as plain JSON, and whether it was a list at all.

    The items are counted before any of them is read.

    Raises:
        TooManyRows: if there are more than `max_rows`.
        InvalidRequestBody: if the body is not JSON.
    """
    try:
        if max_rows is not None and _is_list(body):
            _require_few_rows(body, max_rows)
        raw = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidRequestBody(f"the body is not valid JSON: {error}") from error
    return (raw, True) if isinstance(raw, list) else ([raw], False)


def _is_list(body: bytes) -> bool:
    return body.lstrip(_BLANK)[:1] == b"["


def _require_few_rows(body: bytes, max_rows: int) -> None:
    """Counts the items of a list; to read them takes much longer."""
    if (rows := len(_ITEMS.decode(body))) > max_rows:
        raise TooManyRows(rows, max_rows)


def _utc(text: str) -> str:
    """A moment in UTC, in ISO 8601 without a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return moment.isoformat()
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None).isoformat()


def _whole(value: float) -> int:
    if not value.is_integer() or abs(value) >= INTEGER_LIMIT:
        raise ValueError(value)
    return int(value)
