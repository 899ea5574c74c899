"""Unique names of the columns of a table."""

from collections.abc import Iterable


def unique_names(header: Iterable[str]) -> list[str]:
    """Names without blanks around them; an empty one is numbered, and so is a repeated one.

    The same header always gives the same names.
    """
    stripped = [" ".join(name.replace("\ufeff", "").split()) for name in header]
    taken = set(stripped)
    seen: set[str] = set()
    names: list[str] = []
    for at, name in enumerate(stripped, 1):
        unique = name or f"column_{at}"
        count = 1
        while unique in seen or (unique != name and unique in taken):
            count += 1
            unique = f"{name or 'column'}_{count if name else f'{at}_{count}'}"
        seen.add(unique)
        names.append(unique)
    return names
