"""Bodies that nobody should send, and clients that take their time."""

import http.client
import json
import math
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from .client import Load
from .errors import FaultsError
from .service import Service, Told
from .stage import Finding, Stage

_IDLE = 1000
_SLOW = 200
_SECONDS = 10.0
_TIMEOUT = 5.0


def bodies(stage: Stage) -> Iterator[Finding]:
    """One after another; after each the service still answers a good one."""
    row = json.dumps(stage.rows[0]).encode()
    name, start = _number_in(row, stage)
    sent: list[tuple[str, bytes, str, Sequence[int]]] = [
        ("10 MB of rows", b"[" + b",".join([row] * (10_000_000 // len(row))) + b"]", "", (413,)),
        ("10 MB of blanks", b" " * 10_000_000, "", (413,)),
        ("lists, 500,000 deep", b"[" * 500_000, "", (400,)),
        ("objects, 100,000 deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "", (400,)),
        *((f"{name}: {text}", start % text.encode(), "", (400, 422)) for text in _NUMBERS),
        ("a number of 100,000 digits", start % (b"9" * 100_000), "", (400, 422)),
        ("invalid UTF-8", row.replace(b'"', b'"\xff', 1), "", (400,)),
        ("half of a surrogate pair", b'{"\\ud800": "\\udfff"}', "", (400, 422)),
        ("a NUL in a name", b'{"\\u0000": 1}', "", (422,)),
        ("a name twice", b'{"a": 1, "a": 2}', "", (422,)),
        ("UTF-16", row.decode().encode("utf-16"), "", (400,)),
        ("nothing", b"", "", (400,)),
        ("text/plain", row, "text/plain", (415,)),
        ("a form", row, "application/x-www-form-urlencoded", (415,)),
        ("multipart", row, "multipart/form-data; boundary=x", (415,)),
    ]
    with stage.service() as service:
        for what, body, kind, wanted in sent:
            told = _post(service, body, kind or "application/json")
            alive = service.post("/predict", row).status == 200
            good = told.status in wanted and alive and bool(told.reason)
            yield Finding(what, f"{told.status} {told.reason[:90]}", good)


_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "0x10", "1_000")


def timeout(stage: Stage) -> Iterator[Finding]:
    """Connections that say nothing, and requests that arrive by the letter, beside a load."""
    row = json.dumps(stage.rows[0]).encode()
    whole = (
        b"POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (len(row), row)
    )
    with ExitStack() as stack:
        service = stack.enter_context(stage.service(SERVING__REQUEST_TIMEOUT=f"{_TIMEOUT:.0f}s"))
        alone = _median_ms(stage, service)
        idle = [_connected(stack, service) for _ in range(_IDLE)]
        yield _beside(stage, service, f"{_IDLE} idle connections", alone)
        # The head comes by the letter, or the body does.
        slow = [_connected(stack, service) for _ in range(_SLOW)]
        for number, connection in enumerate(slow):
            connection.sendall(whole[:10] if number % 2 else whole[:-20])
        began = time.monotonic()
        yield _beside(stage, service, f"{_SLOW} requests by the letter", alone, slow)
        held = [connection for connection in slow if not _is_closed(connection)]
        while held and time.monotonic() - began < 6 * _TIMEOUT:
            time.sleep(0.5)
            held = [connection for connection in held if not _is_closed(connection)]
        gone = time.monotonic() - began
        words = f"{len(slow) - len(held)} of {len(slow)} let go of within {gone:.0f} s"
        words += f" (request_timeout {_TIMEOUT:.0f} s)"
        yield Finding("requests that do not come to an end", words, not held)
        del idle


def _beside(
    stage: Stage, service: Service, what: str, alone: float, slow: Sequence[socket.socket] = ()
) -> Finding:
    with stage.load(service) as load:
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            for connection in slow:
                _send_letter(connection)
            time.sleep(1)
    failed = len(load.refused) + load.cut
    beside = 1e3 * _SECONDS * load.connections / max(1, len(load.answers))
    words = f"{failed} of {len(load.answers):,} requests beside them failed; "
    words += f"{beside:.1f} ms each, {alone:.1f} without; {service.resident_mb():.0f} MB resident"
    return Finding(what, words, not failed and len(load.answers) > 0)


def _median_ms(stage: Stage, service: Service) -> float:
    """Milliseconds a request on as many connections as the load has; the first ones warm up."""
    load: Load
    for seconds in (2.0, _SECONDS):
        with stage.load(service) as load:
            time.sleep(seconds)
    return 1e3 * _SECONDS * load.connections / max(1, len(load.answers))


def _connected(stack: ExitStack, service: Service) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=10)
    return stack.enter_context(connection)


def _send_letter(connection: socket.socket) -> None:
    try:
        connection.send(b"x")
    except OSError:
        pass  # let go of by the service


def _is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _post(service: Service, body: bytes, kind: str) -> Told:
    """Also where the service answers before it has read all, and closes."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    try:
        connection.request("POST", "/predict", body, {"Content-Type": kind})
    except OSError:
        pass  # the answer may be there
    try:
        answer = connection.getresponse()
        return Told(answer.status, json.loads(answer.read()))
    except OSError as error:
        return Told(0, {"detail": f"no answer: {error}"})
    finally:
        connection.close()


def _number_in(row: bytes, stage: Stage) -> tuple[str, bytes]:
    """A column with a number, and the row with a gap (%b) in its place."""
    for name, value in stage.rows[0].items():
        if isinstance(value, float) and math.isfinite(value):
            text = json.dumps({name: value})[1:-1].encode()
            gap = text.replace(json.dumps(value).encode(), b"%b")
            return name, row.replace(b"%", b"%%").replace(text, gap)
    raise FaultsError("the contract has no number to put something else in its place")
