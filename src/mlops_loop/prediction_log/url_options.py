"""What an address says behind its question mark, as in `…?durability=best_effort`."""

from urllib.parse import parse_qsl

from ..errors import SettingsError

DURABILITY = "durability"
_DURABILITIES = ("acknowledged", "best_effort")


def split_address(address: str, *known: str) -> tuple[str, dict[str, str]]:
    """An address without its options, and these; SettingsError for one that is not known."""
    place, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = (DURABILITY, *known)
    for name in options:
        if name not in known:
            raise SettingsError(
                f"prediction_log: the store has no option {name!r}; it has {', '.join(known)}"
            )
    return place, options


def acknowledges(options: dict[str, str]) -> bool:
    """Whether whoever appends waits until the record is durable, which is the default.

    With `best_effort` nobody waits: what the store refuses or loses is only told in the logs.
    """
    durability = options.get(DURABILITY, _DURABILITIES[0])
    if durability not in _DURABILITIES:
        raise SettingsError(
            f"prediction_log: durability={durability!r}; write one of {', '.join(_DURABILITIES)}"
        )
    return durability == _DURABILITIES[0]
