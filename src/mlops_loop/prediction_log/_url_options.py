"""The options of an address, behind its question mark, e.g. `…?durability=best_effort`."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl

from ..errors import SettingsError

DURABILITY = "durability"
# Names a file that holds the password and nothing else, e.g. a secret of a container.
PASSWORD_FILE = "password_file"
_DURABILITIES = ("acknowledged", "best_effort")


def split_address(address: str, *known: str) -> tuple[str, dict[str, str]]:
    """An address without its options, and the options; SettingsError for an unknown one."""
    place, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    known = (DURABILITY, PASSWORD_FILE, *known)
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


def password_file(options: Mapping[str, str], root: Path) -> Path | None:
    """The file that an address names, relative to the project's folder; None for none."""
    return root / options[PASSWORD_FILE] if PASSWORD_FILE in options else None


def read_password(file: Path) -> str:
    """The password, read for each connection, so that it may change meanwhile.

    Raises:
        OSError: if the file cannot be read.
    """
    return file.read_text(encoding="utf-8").strip()
