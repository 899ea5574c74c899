"""Options of the user for a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches

from ..contract._model import Problem
from ..data._sources.header import unique_names
from ..errors import InputError


@dataclass(frozen=True)
class InferenceOptions:
    """The table and the roles of its columns, as given on the command line.

    Attributes:
        address: path, glob or SQLAlchemy URL.
        label_horizon: delay of the labels; by default a day, or zero for a table over a short
            time.
        query: SQL query, for a database.
        dialect: fields of `Csv` that are known; the others are detected.
        missing: texts that mean a missing value, `WORD` in any column or `COLUMN=WORD` in one.
    """

    address: str
    target: str
    time: str | None = None
    id: str | None = None
    group: str | None = None
    problem: Problem | None = None
    ignore: tuple[str, ...] = ()
    label_horizon: timedelta | None = None
    query: str | None = None
    dialect: Mapping[str, str | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def missing_words(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The texts that the user says are missing, by column.

        Raises:
            InputError: if there is no such column.
        """
        words: dict[str, list[str]] = {name: [] for name in names}
        for option in self.missing:
            column, separator, word = option.rpartition("=")
            for name in [_resolve(column, names, "missing")] if separator else names:
                words[name].append(word if separator else option)
        return {name: tuple(sorted(listed)) for name, listed in words.items() if listed}

    def roles(self, names: Sequence[str]) -> dict[str, str]:
        """The roles given by the user, by column.

        Raises:
            InputError: if there is no such column, or a column has two roles.
        """
        given = [("ignore", name) for name in self.ignore]
        given += [
            (role, name)
            for role in ("target", "time", "id", "group")
            if (name := getattr(self, role)) is not None
        ]
        roles: dict[str, str] = {}
        for role, name in given:
            column = _resolve(name, names, role)
            if column in roles:
                raise InputError(f"--{role} {name}: the column is given as --{roles[column]} too")
            roles[column] = role
        return roles


def _resolve(name: str, names: Sequence[str], role: str) -> str:
    (spelled,) = unique_names([name])
    if spelled in names:
        return spelled
    lower = {candidate.lower(): candidate for candidate in names}
    near = get_close_matches(name.lower(), lower, n=3, cutoff=0.6)
    hint = (
        f"did you mean {' or '.join(repr(lower[candidate]) for candidate in near)}?" if near else ""
    )
    if all(_is_number(candidate) for candidate in names):
        hint = "its first line contains values: add a header"
    raise InputError(
        f"--{role} {name}: no such column; "
        + (hint or f"there are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}")
    )


def _is_number(text: str) -> bool:
    try:
        float(text.partition("_")[0])
    except ValueError:
        return False
    return True
