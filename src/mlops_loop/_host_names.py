"""Hosts and origins of the settings: whether they are local, and the form that browsers send."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_NAME = re.compile(r"[\w-]+(\.[\w-]+)*", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to a host.

    Examples:
        >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback("")
        (True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def parse_host_pattern(text: str) -> str:
    """A name, `*.` and a domain, an IP address, or `*`, as it is compared with the header Host.

    Raises:
        ValueError: if no header Host can match it.

    Examples:
        >>> parse_host_pattern("*.Example.com."), parse_host_pattern("0:0::1")
        ('*.example.com', '::1')
    """
    if text == "*":
        return text
    prefix = "*." if text.startswith("*.") else ""
    try:
        return prefix + _host(text.removeprefix(prefix))
    except ValueError:
        raise ValueError(
            "expected a host such as models.example.com, *.example.com or 10.0.0.7, without scheme,"
            f" port or path, got {text!r}"
        ) from None


def parse_origin(text: str) -> str:
    """An origin, or `*`, as browsers write it in the header Origin.

    Raises:
        ValueError: if no page has this origin.

    Examples:
        >>> parse_origin("https://SHOP.example.com:443"), parse_origin("http://localhost:3000")
        ('https://shop.example.com', 'http://localhost:3000')
    """
    if text == "*":
        return text
    try:
        return _origin(text)
    except ValueError:
        raise ValueError(
            f"expected an origin such as https://shop.example.com, without a path, got {text!r}"
        ) from None


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in _DEFAULT_PORTS or text.partition("://")[2] != parts.netloc:
        raise ValueError(text)
    if "@" in parts.netloc or not text.isprintable():
        raise ValueError(text)
    host = _host(parts.hostname or "")
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def _host(text: str) -> str:
    if ":" in text:
        return str(ip_address(text))
    name = text.removesuffix(".").lower()
    if not _NAME.fullmatch(name):
        raise ValueError(text)
    return name
