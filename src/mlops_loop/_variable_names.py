"""Typing errors in the names of environment variables that should override a key."""

from difflib import get_close_matches

from pydantic import BaseModel

from ._nearest_name import nearest_name
from ._settings_errors import all_keys

# Similarity of a name with one underscore, which may belong to another program.
_ALIKE = 0.9


def mistaken_key(name: str, kind: type[BaseModel], prefix: str) -> str | None:
    """The variable that was probably meant, or "" if no key is similar; None for a valid name.

    Variables of other programs are valid, those of projects with a similar name among them.

    Args:
        name: the variable in capitals.
        kind: the class of the settings.
        prefix: the package's name in capitals and two underscores.
    """
    keys = ["__".join(key).upper() for key in all_keys(kind)]
    first, _, rest = name.partition("__")
    package = prefix.removesuffix("__")
    if name.startswith(prefix):
        section = rest.partition("__")[0]
        return None if section in keys else nearest_name(name, [prefix + key for key in keys])
    if rest in keys and _is_misspelt(first, package):
        return prefix + rest
    if not name.startswith(f"{package}_"):
        return None
    joined = {key.replace("_", ""): prefix + key for key in keys}
    given = name.removeprefix(package).replace("_", "")
    match = get_close_matches(given, joined, n=1, cutoff=_ALIKE)
    return joined[match[0]] if match else None


def _is_misspelt(name: str, package: str) -> bool:
    """Whether one letter inside the name is wrong, missing, doubled or swapped with the next.

    What follows or precedes the name (`FLIGHTS2`, `EU_FLIGHTS`) distinguishes projects.
    """
    if name[:1] != package[:1] or name[-1:] != package[-1:]:
        return False
    swapped = {
        package[:at] + package[at + 1] + package[at] + package[at + 2 :]
        for at in range(1, len(package) - 2)
    }
    return name in swapped or _is_one_edit(name, package) or _is_one_edit(package, name)


def _is_one_edit(shorter: str, longer: str) -> bool:
    """Whether removing a letter, or replacing one, makes the names equal."""
    at = next((at for at, pair in enumerate(zip(shorter, longer)) if len(set(pair)) > 1), None)
    if at is None or longer[at].isdigit() or shorter[at].isdigit():
        return False
    return longer[at + 1 :] in (shorter[at:], shorter[at + 1 :])
