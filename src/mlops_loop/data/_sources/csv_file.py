"""Delimited text, read by Arrow a block at a time; every value is a text or null.

Rows that have another number of values than the header are yielded as `MalformedRows`.
"""

import codecs
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from csv import Error as CsvError
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from ..._settings import Csv
from ...contract import Column
from ...errors import SourceError
from .._remote import File
from . import open_quotes
from .compression import opened_text
from .csv_format import encoding_error
from .dialect import reader
from .encoding import UTF_8, reject_binary
from .malformed import is_malformed
from .malformed_csv import MalformedCollector

# A row has to fit into a block; the second size is for files with a longer one.
_BLOCK_BYTES = (1 << 20, 64 << 20)
_HEAD_BYTES = 1 << 16
_NUMERIC = ("integer", "number")


def header(file: File, csv: Csv) -> list[str]:
    """Names as they stand in the file.

    Raises:
        SourceError: if it is empty, binary or not text in its encoding.
    """
    with opened_text(file) as content:
        reject_binary(file, content.read(_HEAD_BYTES))
    small, large = _BLOCK_BYTES
    try:
        return _header(file, csv, small)
    except _LongRowError:
        return _header(file, csv, large)


def _header(file: File, csv: Csv, block_bytes: int) -> list[str]:
    reading = pyarrow.csv.ReadOptions(
        block_size=block_bytes, skip_rows=csv.skip, encoding=_encoding(csv), use_threads=False
    )
    parsing = _parsing(csv, lambda row: "skip")
    with opened_text(file) as content, _arrow_errors(file, csv):
        with pyarrow.csv.open_csv(content, reading, parsing) as opened:
            names: list[str] = opened.schema.names
            return names


class _LongRowError(SourceError):
    """A row is longer than a block."""


def batches(file: File, names: list[str], present: list[int], csv: Csv) -> Iterator[pa.Table]:
    """Blocks of the columns at these positions; malformed rows follow the block they were in."""
    wanted = [names[at] for at in present]
    converting = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in wanted},
        include_columns=wanted,
        null_values=["", *csv.missing],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    small, large = _BLOCK_BYTES
    # Rows that were yielded, good ones and malformed ones.
    done = [0, 0]
    try:
        for table in _blocks(file, names, csv, converting, small):
            done[is_malformed(table)] += table.num_rows
            yield table
    except _LongRowError:
        for table in _blocks(file, names, csv, converting, large):
            kind = is_malformed(table)
            again = min(done[kind], table.num_rows)
            done[kind] -= again
            yield table.slice(again)


def lines(file: File, csv: Csv) -> Iterator[int]:
    """The line at which each row begins, without the header and malformed rows.

    It ends early at a value that only Arrow can read, e.g. a very long one.
    """
    encoding = _encoding(csv)
    with opened_text(file) as content, io.TextIOWrapper(content, encoding, newline="") as text:
        rows = reader(islice(text, csv.skip, None), csv)
        width, begin = 0, csv.skip + 1
        with suppress(CsvError):
            for row in rows:
                if width and len(row) == width and open_quotes.swallowing(row, csv, width) is None:
                    yield begin
                width = width or len(row)
                begin = csv.skip + rows.line_num + 1


def _blocks(
    file: File,
    names: list[str],
    csv: Csv,
    converting: pyarrow.csv.ConvertOptions,
    block_bytes: int,
) -> Iterator[pa.Table]:
    reading = pyarrow.csv.ReadOptions(
        block_size=block_bytes,
        column_names=names,
        skip_rows=csv.skip,
        skip_rows_after_names=1,
        encoding=_encoding(csv),
        use_threads=False,  # rows are numbered only then, and one thread is as fast
    )
    malformed = MalformedCollector(file, csv)
    with opened_text(file) as content, _arrow_errors(file, csv):
        parsing = _parsing(csv, malformed.skip)
        with pyarrow.csv.open_csv(content, reading, parsing, converting) as blocks:
            table = blocks.schema.empty_table()
            yield table
            for batch in blocks:
                table = pa.Table.from_batches([batch])
                good, swallowed = open_quotes.split(table, csv, len(names))
                yield good
                if swallowed:
                    open_quotes.require_closed_quote(file, csv, table, names[-1])
                    yield malformed.swallowed(swallowed).table()
                if malformed.rows:
                    yield malformed.take().table()
            if malformed.rows:
                yield malformed.take().table()
            open_quotes.require_closed_quote(file, csv, table, names[-1])


def _encoding(csv: Csv) -> str:
    """The encoding; UTF-8 is decoded as another one, since Arrow does not check it in each row."""
    return "utf-8-sig" if codecs.lookup(csv.encoding).name == UTF_8 else csv.encoding


def _parsing(csv: Csv, skip: object) -> pyarrow.csv.ParseOptions:
    return pyarrow.csv.ParseOptions(
        delimiter=csv.delimiter,
        quote_char=csv.quote or False,
        escape_char=csv.escape or False,
        newlines_in_values=True,
        invalid_row_handler=skip,
    )


@contextmanager
def _arrow_errors(file: File, csv: Csv) -> Iterator[None]:
    """Raise a SourceError in words of ours for an error of Arrow."""
    try:
        yield
    except UnicodeError as error:
        raise encoding_error(file, csv.encoding) from error
    except pa.ArrowException as error:
        reason = str(error)
        if "UTF8" in reason or "codec" in reason:
            raise encoding_error(file, csv.encoding) from error
        if "Empty CSV" in reason:
            raise SourceError(f"{file} is empty") from error
        raise _LongRowError(
            f"{file} has a row of more than {_BLOCK_BYTES[1] >> 20} MB: is a quote {csv.quote} "
            "never closed? Give another one with --quote or csv.quote, e.g. --quote none"
        ) from error


def in_decimals_of(columns: Sequence[Column], csv: Csv, table: pa.Table) -> pa.Table:
    """Numbers in the spelling of the contract, if the file has another decimal sign."""
    if csv.decimal is None:
        return table
    for column in columns:
        own = column.parsing.decimal if column.parsing else "."
        if column.type in _NUMERIC and own != csv.decimal and column.name in table.column_names:
            at = table.schema.get_field_index(column.name)
            grouped = rf"[{own}](\d\d\d)"
            texts = pc.replace_substring_regex(table[column.name], grouped, r"\1")
            texts = pc.replace_substring(texts, csv.decimal, own)
            table = table.set_column(at, column.name, texts)
    return table
