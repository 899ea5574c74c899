"""The name that a user may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_name(name: str, names: Iterable[str]) -> str:
    """The most similar name, whatever its case; empty if none is similar.

    Examples:
        >>> nearest_name("tenur", ["Tenure", "Region"])
        'Tenure'
    """
    by_lower = {each.lower(): each for each in names}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else ""
