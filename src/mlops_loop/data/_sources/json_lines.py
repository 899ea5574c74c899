"""JSON Lines: one object a line. Nested values are texts of JSON."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import pyarrow as pa

from ...errors import SourceError
from .._remote import File
from .compression import opened_text
from .malformed import MalformedRows
from .values import to_array

_ROWS = 20_000


def header(file: File) -> list[str]:
    """The keys of all objects, in the order in which they first occur.

    Raises:
        SourceError: if there are none.
    """
    keys: dict[str, None] = {}
    for row in _rows(file):
        if isinstance(row, dict):
            keys |= dict.fromkeys(row)
    if not keys:
        raise SourceError(f"{file} has no JSON objects: expected one in each line")
    return list(keys)


def batches(file: File, names: list[str], present: list[int]) -> Iterator[pa.Table]:
    """Blocks of the columns at these positions; malformed rows follow the block they were in."""
    keys = header(file)
    yield pa.table({names[at]: pa.nulls(0) for at in present})
    rows = enumerate(_rows(file), 1)
    while block := list(islice(rows, _ROWS)):
        good = [row for _, row in block if isinstance(row, dict)]
        if good:
            yield pa.table(
                {names[at]: to_array([_plain(row.get(keys[at])) for row in good]) for at in present}
            )
        bad = [(line, text) for line, text in block if isinstance(text, str)]
        if bad:
            lines, texts = zip(*bad, strict=True)
            problems = ["expected a JSON object"] * len(bad)
            yield MalformedRows(str(file), list(lines), problems, list(texts)).table()


def lines(file: File) -> Iterator[int]:
    """The line of each object."""
    return (line for line, row in enumerate(_rows(file), 1) if isinstance(row, dict))


def _rows(file: File) -> Iterator[dict[str, Any] | str | None]:
    """The object of each line; the text of a line without one, and None for an empty line."""
    decoder = msgspec.json.Decoder()
    with opened_text(file) as content:
        for line in content:
            if not line.strip():
                yield None
                continue
            try:
                value = decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                value = None
            yield value if isinstance(value, dict) else line.decode(errors="replace").rstrip()


def _plain(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value
