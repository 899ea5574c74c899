"""Requests of an attacker, each of which is to cost the service little time and memory."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from .client import Load
from .service import Service
from .stage import Finding, Stage

_HEADER = 60_000_000
_ROWS = 600_000
# While an attack goes on, and of the answer to it.
_SECONDS, _MEGABYTES, _ANSWER = 5.0, 150.0, 50_000
_CLOSED = 0

Attack = Callable[[Service], tuple[int, bytes]]


def attacks(stage: Stage) -> Iterator[Finding]:
    """Each beside a load, whose slowest request says how long the service was held up."""
    row = json.dumps(stage.rows[0]).encode()
    empty = b"[" + b",".join([b"{}"] * _ROWS) + b"]"
    late = _late(stage)
    rebound, foreign = {"Host": "attacker.example"}, {"Sec-Fetch-Site": "cross-site"}
    attempts: list[tuple[str, Attack, tuple[int, ...]]] = [
        (f"a header of {_HEADER // 10**6} MB", _send_long_header, (400, 431, _CLOSED)),
        (f"{_ROWS:,} empty rows", lambda service: _post(service, empty), (413,)),
        ("a page of another site", lambda service: _post(service, row, foreign), (403,)),
        ("a name bound to the loopback", lambda service: _post(service, row, rebound), (400,)),
        ("an event in the year 9999", lambda service: _post(service, late), (422,)),
    ]
    with stage.service() as service:
        for what, attack, wanted in attempts:
            yield _attempt(stage, service, what, attack, wanted)


def _attempt(
    stage: Stage, service: Service, what: str, attack: Attack, wanted: tuple[int, ...]
) -> Finding:
    load: Load
    with stage.load(service, connections=2) as load:
        time.sleep(1)
        before, began = service.resident_mb(), time.monotonic()
        status, answer = attack(service)
        took, grown = time.monotonic() - began, service.resident_mb() - before
        time.sleep(0.5)
    words = f"{status or 'closed'} after {took:.1f} s, {len(answer):,} bytes of answer; "
    words += f"{grown:+.0f} MB resident; slowest request beside it {load.slowest:.1f} s"
    if load.refused or load.cut:
        words += f"; {load.cut} cut off, {len(load.refused)} refused: {load.refused[:1]}"
    good = status in wanted and len(answer) <= _ANSWER and not load.refused and not load.cut
    good = good and max(took, load.slowest) < _SECONDS and grown < _MEGABYTES
    return Finding(what, words, good)


def _send_long_header(service: Service) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as connection:
        with suppress(OSError):  # closed before all of it was sent
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: ")
            for _ in range(_HEADER // 100_000):
                connection.sendall(b"x" * 100_000)
        answer = b""
        with suppress(OSError):
            answer = connection.recv(65_536)
    return (int(answer.split()[1]) if answer else _CLOSED), answer


def _post(
    service: Service, body: bytes, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        sent = {"Content-Type": "application/json", **(headers or {})}
        connection.request("POST", "/predict", body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _late(stage: Stage) -> bytes:
    """A row whose event is far away."""
    column, _ = stage.subject.ask("event", settings={})
    return json.dumps({**stage.rows[0], column: "9999-01-01T00:00:00Z"}).encode()
