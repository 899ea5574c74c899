"""Which of the encodings that differ in a few letters only makes the letters of one language.

Statistics of bytes mistake these encodings for one another; alphabets do not: `è`, `ì` and `ø` in
one column are no language, `č`, `ě` and `ř` are Czech.
"""

import re
from dataclasses import dataclass

# Small letters by language, as regular expressions: Portuguese has õ before e only. Where two
# languages explain as much, the earlier one counts.
_LANGUAGES = tuple(
    (encoding, re.compile(letters))
    for encoding, letters in (
        ("cp1252", "[äöüß]"),  # German
        ("cp1252", "[àâçéèêëîïôœùûüÿ]"),  # French
        ("cp1252", "[áéíóúü¿¡]|ñ(?=[aeiouáéíóú])"),  # Spanish
        ("cp1252", r"[áàâçéêíóôúü]|ã(?=[oeis]|\b)|õ(?=e)"),  # Portuguese
        ("cp1252", "[àèéìîòóù]"),  # Italian
        ("cp1252", "[åäöéæøü]"),  # Swedish, Danish, Norwegian, Finnish
        ("cp1252", "[ëéèêïöüóáí]"),  # Dutch
        ("cp1250", "[áčďéěíňóřšťúůýž]"),  # Czech
        ("cp1250", "[áäčďéíĺľňóôŕšťúýž]"),  # Slovak
        ("cp1250", "[ąćęłńóśźż]"),  # Polish
        ("cp1250", "[áéíóöőúüű]"),  # Hungarian
        ("cp1250", "[ăâîşţ]"),  # Romanian
        ("cp1250", "[čćđšž]"),  # Croatian, Slovene
        ("cp1254", "[çğıöşüâî\u0307]"),  # Turkish, whose small İ is an i and a dot
        ("cp1257", "[ąčęėįšųūž]"),  # Lithuanian
        ("cp1257", "[āčēģīķļņšūž]"),  # Latvian
        ("cp1252", "[äöõüšž]"),  # Estonian
        ("cp1252", "[áæðéíóöúýþ]"),  # Icelandic
    )
)
SPELT = frozenset(encoding for encoding, _ in _LANGUAGES)
# Signs of no language in particular; those that are a letter elsewhere, only where they belong.
_SIGNS = re.compile("[€°µ§©®™«»„“”‘’‚–—…·×±\\xa0]|(?<=m)[²³](?!\\w)")
# Languages of Latin letters have ASCII between the others; Greek, Cyrillic and Japanese have not.
_STRANGE = re.compile(rb"[\x80-\xff]{3}")


@dataclass(frozen=True)
class Spelling:
    """An encoding, and whether one language explains every letter beyond ASCII."""

    encoding: str
    is_complete: bool


def by_spelling(telling: bytes) -> Spelling | None:
    """The encoding whose letters one language explains best; None for no Latin letters."""
    if _STRANGE.search(telling):
        return None
    texts = {encoding: telling.decode(encoding, errors="replace").lower() for encoding in SPELT}
    counts = [
        len(letters.findall(texts[encoding])) + len(_SIGNS.findall(texts[encoding]))
        for encoding, letters in _LANGUAGES
    ]
    most = max(counts)
    beyond = sum(byte > 127 for byte in telling)
    return Spelling(_LANGUAGES[counts.index(most)][0], most >= beyond)
