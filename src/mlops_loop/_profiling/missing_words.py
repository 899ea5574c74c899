"""Which texts of a category mean that its value is missing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..contract._text_values import NO_VALUE
from .profile import Facts

# Texts for missing values, in lower case.
NOTHING = frozenset({"?", *(word.lower() for word in NO_VALUE)})
# Those that are missing among numbers and datetimes only.
NO_QUANTITY = frozenset(
    "none nil missing unknown n.a. nd - -- . inf +inf -inf infinity -infinity".split()
)
# Those that may be a value as well: North America, Namibia, not applicable.
AMBIGUOUS = frozenset({"na", "n/a"})
# A text in more rows is worth a question.
FREQUENT_SHARE = 0.05
RARE_SHARE = 0.01


@dataclass(frozen=True)
class MissingWords:
    """Texts that are read as missing, and those that are read as values in spite of their look.

    Attributes:
        absent: number of rows by text that is read as missing.
        doubtful: number of rows by text that is read as a value.
        notes: remarks about both.
        questions: those that the user should answer.
    """

    absent: dict[str, int] = field(default_factory=dict)
    doubtful: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def find_missing_words(
    name: str, facts: Facts, *, from_text: bool, is_target: bool
) -> MissingWords:
    """Decide about each text that may mean a missing value.

    Args:
        name: name of the column, which has texts.
        facts: counts over all rows.
        from_text: whether the table is a text file; others have nulls of their own.
        is_target: whether the texts are classes.
    """
    suspects = {
        word: rows for word, rows in facts.common.items() if word.strip().lower() in NOTHING
    }
    absent: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    for word, rows in suspects.items():
        share = rows / max(facts.present, 1)
        is_absent = not word.strip() or (from_text and _is_absent(word, share, facts, is_target))
        (absent if is_absent else doubtful)[word] = rows
    option = f"--missing '{name}=WORD'"
    questions = [
        f"{word!r} in {_percent(rows, facts)} of the rows is a value, not missing: if it means "
        f"missing, add {option.replace('WORD', word)}"
        for word, rows in doubtful.items()
    ]
    frequent = {word for word, rows in absent.items() if rows > FREQUENT_SHARE * facts.present}
    notes = [
        f"{word!r} read as missing in {rows} rows"
        for word, rows in absent.items()
        if word.strip() and word not in frequent
    ]
    questions += [
        f"{word!r} in {_percent(rows, facts)} of the rows is read as missing: if it is a value, "
        "delete it from parsing.missing in config/contract.yaml"
        for word, rows in absent.items()
        if word.strip() and word in frequent
    ]
    return MissingWords(absent, doubtful, tuple(notes), tuple(questions))


def about_frequent(absent: Mapping[str, int], facts: Facts, is_target: bool) -> list[str]:
    """Questions about words that may be more than a missing value, e.g. among numbers."""
    asked = NO_QUANTITY | NOTHING if is_target else NO_QUANTITY
    by = "by a word such as unknown " if is_target and facts.has_words else ""
    meaning = "is a class" if by else "stands for a number"
    return [
        f"{word!r} in {rows / facts.rows:.1%} of the rows is read as missing: replace it in the "
        f"table {by}if it {meaning}"
        for word, rows in absent.items()
        if word.strip().lower() in asked and rows > FREQUENT_SHARE * facts.rows
    ]


def _is_absent(word: str, share: float, facts: Facts, is_target: bool) -> bool:
    if word.strip().lower() not in AMBIGUOUS:
        return not is_target or share <= RARE_SHARE
    if is_target or _is_code(word, facts):
        return False
    return share <= FREQUENT_SHARE


def _is_code(word: str, facts: Facts) -> bool:
    """Whether the other texts are as short and in capitals too, e.g. NA beside EU and AS."""
    others = [other for other in facts.common if other != word]
    alike = [len(other) == len(word) and other.isupper() for other in others]
    return word.isupper() and bool(others) and sum(alike) > 0.8 * len(alike)


def _percent(rows: int, facts: Facts) -> str:
    return f"{rows / max(facts.present, 1):.1%}"
