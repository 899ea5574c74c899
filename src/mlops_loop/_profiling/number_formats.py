"""Detection of number formats: decimal separator, thousands separator and units."""

from dataclasses import dataclass
from itertools import product

import pyarrow as pa
import pyarrow.compute as pc

from ..contract._column_definition import ParseOptions
from ..contract._text_normalization import without_signs

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?\d+$"
# Codes such as 00501 would lose their zeros as numbers.
_CODE = r"^0+[1-9]\d*$"
# Numbers with leading zeros in fewer texts are odd ones among others, unless all texts are as long.
_CODE_SHARE = 0.05
_CODE_LENGTH = 3
_ADDRESS = r"^\d{1,3}(\.\d{1,3}){3}$"
_SIGNS = "$€£¥%"
_PLAIN = {"decimal": ".", "thousands": ""}
_ENGLISH = [{"decimal": ".", "thousands": sign} for sign in (",", " ", "'", "\u00a0", "\u202f")]
_EUROPEAN = [
    {"decimal": ",", "thousands": sign} for sign in ("", ".", " ", "'", "\u00a0", "\u202f")
]


@dataclass(frozen=True)
class NumberFormat:
    """Number format of a column.

    Attributes:
        share: share of the texts in this format.
        whole: whether all of these are whole numbers.
        parsing: options of the format, None for the default.
    """

    share: float
    whole: bool
    parsing: ParseOptions | None


def infer_number_format(texts: pa.Array, *, comma_first: bool) -> NumberFormat | None:
    """The format that parses most texts; among equals the simplest.

    Args:
        texts: trimmed texts without nulls.
        comma_first: whether to prefer the decimal comma in ambiguous texts, e.g. 1,234.

    Returns:
        None if the texts are codes with leading zeros or IP addresses, or none can be parsed.
    """
    if _are_codes(texts) or pc.all(pc.match_substring_regex(texts, _ADDRESS)).as_py():
        return None
    signs = "".join(sign for sign in _SIGNS if pc.any(pc.match_substring(texts, sign)).as_py())
    formats = [_PLAIN, *_EUROPEAN, *_ENGLISH] if comma_first else [_PLAIN, *_ENGLISH, *_EUROPEAN]
    best: NumberFormat | None = None
    for strip, way in product({"": 0, signs: 0}, formats):
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


def _are_codes(texts: pa.Array) -> bool:
    share = float(pc.mean(pc.match_substring_regex(texts, _CODE)).as_py() or 0)
    if not share or share > _CODE_SHARE:
        return share > 0
    lengths = pc.min_max(pc.utf8_length(texts)).as_py()
    return bool(lengths["min"] == lengths["max"] >= _CODE_LENGTH)
