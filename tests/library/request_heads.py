"""Requests whose head is written by hand."""

import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

START = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nx-large: "
END = b"\r\nconnection: close\r\n\r\n"
PART = b"x" * 8_192


def send(url: str, parts: Iterable[bytes]) -> tuple[bytes, int]:
    """The response, and how many bytes the server took until it closed the connection."""
    address = urlsplit(url)
    sent = 0
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        try:
            for part in parts:
                client.sendall(part)
                sent += len(part)
        except OSError:  # closed by the server
            pass
        received = b""
        try:
            while data := client.recv(65_536):
                received += data
        except OSError:
            pass
    return received, sent


def large(
    size: int, *, start: bytes = START, part: bytes = PART, end: bytes = END
) -> Iterable[bytes]:
    """A head of about that size, by default with one long header, in parts."""
    yield start
    for _ in range(size // len(part)):
        yield part
    yield end
