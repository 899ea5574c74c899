"""The options of an address, behind its question mark, e.g. `…?durability=best_effort`."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from ..errors import SettingsError

DURABILITY = "durability"
_DURABILITIES = ("acknowledged", "best_effort")


def split_address(address: str, *known: str) -> tuple[str, dict[str, str]]:
    """An address without its options, and the options; SettingsError for an unknown one."""
    place, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = (DURABILITY, *known)
    for name in options:
        if name not in known:
            raise SettingsError(
                f"prediction_log: the store has no option {name!r}; it has {', '.join(known)}"
            )
    return place, options


def acknowledges(options: Mapping[str, str]) -> bool:
    """Whether appending waits until the record is durable, which is the default.

    With `best_effort` it does not wait: what the store rejects or loses is only logged.
    """
    durability = options.get(DURABILITY, _DURABILITIES[0])
    if durability not in _DURABILITIES:
        raise SettingsError(
            f"prediction_log: durability={durability!r}; write one of {', '.join(_DURABILITIES)}"
        )
    return durability == _DURABILITIES[0]
