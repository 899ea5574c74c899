"""One redactor for every message and log line: secrets become `***`.

The secrets of a project are in its settings: keys, webhooks, passwords in addresses. Their values
are registered when the settings are read, valid or not (`hide_secrets`), and `redact` removes them
wherever they turn up, e.g. in an error of a driver. Passwords and tokens in addresses from
elsewhere, e.g. an argument of a command, are found by their form.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from urllib.parse import quote, unquote

HIDDEN = "***"
# Without shorter ones a text stays readable.
_SHORTEST = 4

# Settings that are secret as a whole; those of a project's own sections are by their name.
SECRET_KEYS = ("serving.api_keys", "alerts.webhook", "alerts.apprise")
_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|credential|dsn|webhook", re.IGNORECASE)

# Bounded, so that a long text takes time in proportion to its length.
_REST = r"""[^\s'"<>]{1,300}"""
_NAME = r"""[^\s:/@?'"<>\[\]]{0,100}"""
_FORMS = (
    # scheme://user:password@host, where a password may have an @ or a slash.
    re.compile(rf"(?<=\w:)(/{{1,3}}{_NAME}:)(?!/|\d+/)({_REST})(?=@)"),
    # The same without a scheme, or without a slash behind it.
    re.compile(r"(?<![\w.+-])((?:[\w.+-]{1,100}:){1,2})([^\s:/'\"<>]{1,300})(?=@[\w\[])"),
    # scheme://host:password, where a port belongs.
    re.compile(rf"(?<=\w:)(/{{2,3}}{_NAME}:)(?!\d*(?:[\s/?,;.)'\"<>]|$))([^\s/@?'\"<>]{1,300})"),
    # Arguments of signed addresses and connection strings.
    re.compile(
        r"((?:password|passwd|pwd|token|secret|signature|\bsig|credential|(?:api|access|account)"
        r"[_-]?key(?:[_-]?id)?)\s{0,3}=\s{0,3})([^\s&;,'\"<>]+)",
        re.IGNORECASE,
    ),
)
_CREDENTIALS = re.compile(rf"\w:/{{1,3}}({_NAME}):(?!/)({_REST})@({_REST}|)")
_IN_PLACE_OF_PORT = re.compile(rf"\w:/{{2,3}}(?:[^\s/?]*@)?{_NAME}:([^\s/?]*[^\s/?\d@][^\s/?]*)")

# The secrets of the settings that this process has read, as they are spelled in texts.
# Replaced as a whole, as other threads read it.
_registered: frozenset[str] = frozenset()


def redact(text: str) -> str:
    """A text without the secrets of the settings, and without passwords in addresses.

    Examples:
        >>> redact("cannot reach postgresql://shop:hunter2@db/orders?sslmode=require")
        'cannot reach postgresql://shop:***@db/orders?sslmode=require'
    """
    known = [secret for secret in _registered if secret in text]
    for secret in sorted(known, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    if "@" in text or ":/" in text or "=" in text:
        for form in _FORMS:
            text = form.sub(rf"\1{HIDDEN}", text)
    return text


def hide_secrets(settings: Mapping[str, object], sections: frozenset[str]) -> None:
    """Register the secrets in settings as they were read, whether they are valid or not.

    Args:
        settings: values by key, nested; a value may be JSON.
        sections: top-level keys of the library, whose secrets are known by key.
    """
    global _registered
    for key, value in _leaves(settings):
        is_own = key.partition(".")[0] not in sections
        whole = key.startswith(SECRET_KEYS) or (is_own and _SECRET_NAME.search(key) is not None)
        for secret in (*_credentials(value), *(_parts(value) if whole else ())):
            _registered |= {form for form in _spellings(secret) if len(form) >= _SHORTEST}


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """The values in nested mappings and lists, as text, with the key of each."""
    if isinstance(value, str):
        with suppress(ValueError):
            decoded = json.loads(value)
            if isinstance(decoded, dict | list):
                value = decoded
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, key)
    elif value is not None and not isinstance(value, bool):
        yield key, str(value)


def _credentials(value: str) -> Iterator[str]:
    """Passwords in addresses, and what is left of one that a parser cuts at an @ or a slash."""
    for user, password, place in _CREDENTIALS.findall(value):
        # The password of a local server is often the name of its user, which is no secret.
        if password not in (user, *re.split(r"[/:?]", place)):
            yield password
            yield from (part for part in re.split(r"[@/:?#]", password) if part != user)
    yield from (port for port in _IN_PLACE_OF_PORT.findall(value) if "@" not in port)


def _parts(value: str) -> Iterator[str]:
    """A secret, and what stands for it in messages: its path if it is an address, and tokens."""
    yield value
    _, is_address, rest = value.partition("://")
    if is_address:
        yield rest
        yield rest.partition("/")[2]
        tokens = re.split(r"[/?&=@:]", rest)
        yield from (token for token in tokens if len(token) >= 8 and re.search(r"\d", token))


def _spellings(secret: str) -> set[str]:
    """A secret as it is, in JSON and in an address."""
    return {secret, json.dumps(secret)[1:-1], quote(secret, safe=""), unquote(secret)}
