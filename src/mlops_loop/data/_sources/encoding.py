"""Detection of the encoding of a text file, and rejection of binary files."""

import codecs
import re
from collections.abc import Iterator
from typing import IO

from ...errors import SourceError
from .._remote import File
from .compression import opened_text

UTF_8 = "utf-8"
# Encodings tried besides UTF-8; some of them cannot be distinguished by bytes alone.
_MOST_COMMON = "cp1252"
_KNOWN = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 koi8_r shift_jis euc_jp gb18030 big5 "
    "euc_kr"
).split()
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES = {
    b"PK\x03\x04": "an Excel workbook or a zip archive: name it .xlsx or .csv.zip",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: name it .xls",
    b"\x1f\x8b": "a gzip archive: name it .csv.gz",
    b"BZh": "a bzip2 archive: name it .csv.bz2",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive: name it .csv.zst",
    b"\xfd7zXZ": "an xz archive: name it .csv.xz",
    b"PAR1": "a Parquet file: name it .parquet",
    b"ARROW1": "an Arrow file: name it .feather",
    b"ORC": "an ORC file: name it .orc",
    b"%PDF": "a PDF page: export its table as CSV",
    b"SQLite format 3": "a SQLite database: give it as sqlite:///FILE with --query",
    b"<!doctype html": "a web page: download the file itself",
    b"<html": "a web page: download the file itself",
    b"version https://git-lfs": "a pointer of Git LFS: run `git lfs pull`",
}
_WORD = re.compile(rb"[a-zA-Z\x80-\xff]*[\x80-\xff][a-zA-Z\x80-\xff]*")
_BLOCK = 1 << 20
# Share of the bytes of a text that may be damaged; a binary file has more.
_FEW_NULS = 0.01
_MAX_COLLECTED = 1 << 18


def detect_encoding(file: File) -> str:
    """Python's name of the encoding of a text file; UTF-8 if it is empty.

    The whole file is read, because the first non-ASCII character may be in its last line.

    Raises:
        SourceError: if the file is binary; the message names the detected format.
    """
    with opened_text(file) as content:
        head = content.read(_BLOCK)
        if marked := _marked(head):
            return marked
        reject_binary(file, head)
        lines = _non_ascii_lines(head, content)
    if lines is None:
        return UTF_8
    _require_no_damaged_utf8(file, lines)
    return _best_encoding(lines)


def reject_binary(file: File, head: bytes) -> None:
    """Raise SourceError if the beginning of a text file is that of another format."""
    for mark, kind in _ARCHIVES.items():
        # Letters alone could be the name of a column.
        is_marked = head.startswith(mark) and (b"\0" in head or not mark.isalnum())
        if is_marked or (mark.startswith(b"<") and head.lstrip()[:20].lower().startswith(mark)):
            raise SourceError(f"{file} is {kind}")
    if 0 < head.count(b"\0") < _FEW_NULS * len(head) and _marked(head) is None:
        line = head.partition(b"\0")[0].count(b"\n") + 1
        raise SourceError(f"{file}, line {line}: contains a NUL character; delete it")
    if b"\0" in head and _marked(head) is None:
        raise SourceError(f"{file} is a binary file, not text: export the table as CSV or Parquet")


def _marked(head: bytes) -> str | None:
    for mark, name in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return name
    # Without a byte order mark, every other byte of UTF-16 is zero.
    if len(head) > 3 and head[:4].count(0) == 2:
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return None


def _non_ascii_lines(head: bytes, content: IO[bytes]) -> bytes | None:
    """Lines with non-ASCII characters; None if the file is UTF-8."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    collected = b""
    is_utf8 = True
    for block in _blocks(head, content):
        if block.isascii() and (not is_utf8 or not decoder.getstate()[0]):
            continue
        if is_utf8:
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
        if len(collected) < _MAX_COLLECTED:
            lines = [line for line in block.splitlines() if not line.isascii()]
            collected += b"\n".join(lines)[: _MAX_COLLECTED - len(collected)]
    return None if is_utf8 else collected


def _blocks(head: bytes, content: IO[bytes]) -> Iterator[bytes]:
    yield head
    while block := content.read(_BLOCK):
        yield block


def _require_no_damaged_utf8(file: File, lines: bytes) -> None:
    """Raise SourceError if most lines are UTF-8: in another encoding hardly any would be."""
    good = sum(_is_utf8(line) for line in lines.splitlines())
    if 2 * good <= len(lines.splitlines()):
        return
    with opened_text(file) as content:
        number = next(number for number, line in enumerate(content, 1) if not _is_utf8(line))
    raise SourceError(
        f"{file}, line {number}: invalid UTF-8, which most of the file is; correct the line, or "
        "give the encoding with --encoding"
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True


def _best_encoding(lines: bytes) -> str:
    """The result of charset-normalizer; among equally good encodings the most common one.

    A short text in a language of central Europe often fits cp1252 as well as its own encoding, and
    then needs `--encoding`.
    """
    from charset_normalizer import from_bytes

    matches = from_bytes(lines, cp_isolation=_KNOWN)
    if matches.best() is None:  # e.g. because of digits beside letters
        matches = from_bytes(b" ".join(set(_WORD.findall(lines))), cp_isolation=_KNOWN)
    best = matches.best()
    if best is None:
        return _MOST_COMMON
    fitting = {
        name
        for match in matches
        if match.chaos <= best.chaos
        for name in match.could_be_from_charset
    }
    return _MOST_COMMON if _MOST_COMMON in fitting else best.encoding
