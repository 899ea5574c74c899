"""Words that are values in quotes and missing values without, as R's `write.csv` writes them."""

import io
import re
from collections.abc import Iterator

from ..._settings import Csv
from .._remote import File
from .compression import opened_text

_WORDS = ("NA", "N/A", "na", "n/a")
_CHARACTERS = 1 << 20


def unquoted_missing(file: File, csv: Csv) -> tuple[str, ...]:
    """The words that a file has both in quotes and without."""
    if csv.quote is None:
        return ()
    quoted = {word: f"{csv.quote}{word}{csv.quote}" for word in _WORDS}
    edge = re.escape(csv.delimiter)
    plain = {
        word: re.compile(rf"(?:^|{edge}){re.escape(word)}(?:{edge}|$)", re.MULTILINE)
        for word in _WORDS
    }
    words = {word for text in _blocks(file, csv) for word in _WORDS if quoted[word] in text}
    if not words:
        return ()
    return tuple(
        sorted({word for text in _blocks(file, csv) for word in words if plain[word].search(text)})
    )


def _blocks(file: File, csv: Csv) -> Iterator[str]:
    """Whole lines of a text file, some at a time."""
    with opened_text(file) as content, io.TextIOWrapper(content, csv.encoding) as text:
        while lines := text.readlines(_CHARACTERS):
            yield "".join(lines)
