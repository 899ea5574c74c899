"""How numbers are written: with which decimal sign, separators and signs around them."""

from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._model import ParseOptions
from ..contract._text_normalization import without_signs

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?\d+$"
# 00501 is a code, and would lose its zeros as a number.
_CODE = r"^0\d+$"
_SIGNS = "$€£¥%"
_PLAIN = {"decimal": ".", "thousands": ""}
_ENGLISH = [{"decimal": ".", "thousands": sign} for sign in (",", " ", "'", "\u00a0", "\u202f")]
_EUROPEAN = [
    {"decimal": ",", "thousands": sign} for sign in ("", ".", " ", "'", "\u00a0", "\u202f")
]


@dataclass(frozen=True)
class NumberFormat:
    """How a column's numbers are written.

    Attributes:
        share: the part of the texts that can be read as numbers so.
        whole: whether none of these has decimals.
        parsing: the way, None for the plain one.
    """

    share: float
    whole: bool
    parsing: ParseOptions | None


def infer_number_format(texts: pa.Array, *, comma_first: bool) -> NumberFormat | None:
    """The way of writing numbers that reads most texts; of equal ones the plainest.

    Args:
        texts: without nulls and blanks around them.
        comma_first: read 1,234 as a decimal fraction where nothing tells.

    Returns:
        None if the texts are codes with zeros before them, or none can be read.
    """
    if pc.any(pc.match_substring_regex(texts, _CODE)).as_py():
        return None
    signs = "".join(sign for sign in _SIGNS if pc.any(pc.match_substring(texts, sign)).as_py())
    ways = [_PLAIN, *_EUROPEAN, *_ENGLISH] if comma_first else [_PLAIN, *_ENGLISH, *_EUROPEAN]
    best: NumberFormat | None = None
    for strip, way in product({"": 0, signs: 0}, ways):
        plain = without_signs(texts, strip=strip, **way)
        numeric = pc.match_substring_regex(plain, _NUMBER)
        share = float(pc.mean(numeric).as_py() or 0)
        if share > (best.share if best else 0):
            read = plain.filter(numeric)
            whole = bool(pc.all(pc.match_substring_regex(read, _WHOLE)).as_py())
            is_plain = way == _PLAIN and not strip
            spelling = {**way, "strip": strip}
            best = NumberFormat(
                share, whole, None if is_plain else ParseOptions.model_validate(spelling)
            )
        if best and best.share == 1:
            break
    return best
