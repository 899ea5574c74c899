"""One environment of AWS Lambda: the Runtime API, and what turns HTTP requests into its events.

`awslambdaric` runs against it as on the platform: it is started with the first request, frozen
between requests, ended when a request exceeds the function's timeout, and started again after that
or after an error while it started.
"""

import base64
import json
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Lock, Thread
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

Event = dict[str, Any]
# The media types that reach a function as text.
TEXT = ("text/", "application/json", "application/xml", "application/javascript")
INIT_SECONDS = 10


class Environment(Protocol):
    """What runs a function: a process or a container."""

    def freeze(self) -> None: ...
    def thaw(self) -> None: ...
    def kill(self) -> None: ...


@dataclass
class FunctionProcess:
    """`awslambdaric` in a process of its own."""

    process: subprocess.Popen[bytes]

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


class FunctionFailedError(Exception):
    """The function reported an error, or exceeded its time."""


class LambdaEmulator:
    """Invokes a function, one request at a time.

    Args:
        start: starts it with the address of the Runtime API (AWS_LAMBDA_RUNTIME_API).
        timeout: seconds of one request.

    Attributes:
        api_gateway: address that invokes it as an HTTP API of API Gateway does.
        function_url: address that invokes it as a function URL does.
        errors: what the function reported as errors, or what the platform noted.
        init_seconds: from the last start until the function asked for an event.
    """

    def __init__(self, start: Callable[[str], Environment], *, timeout: float = 30) -> None:
        self.timeout = timeout
        self.errors: list[dict[str, Any]] = []
        self.init_seconds = 0.0
        self._start = start
        self._environment: Environment | None = None
        self._events: Queue[tuple[str, Event] | None] = Queue()
        self._results: Queue[tuple[str, bytes]] = Queue()
        self._invoking, self._handing_over = Lock(), Lock()
        self._api = _Server(_RuntimeApi, self)
        gateway, url = _Server(_ApiGateway, self), _Server(_FunctionUrl, self)
        self._servers = (self._api, gateway, url)
        self.api_gateway, self.function_url = f"http://{gateway.address}", f"http://{url.address}"

    def __enter__(self) -> "LambdaEmulator":
        for server in self._servers:
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_environment()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def invoke(self, event: Event) -> Any:
        """What the function returns for an event.

        Raises:
            FunctionFailedError: if it has not started, reports an error or takes too long.
        """
        with self._invoking:
            environment = self._environment or self._new_environment()
            with self._handing_over:
                self._events.put((str(uuid4()), event))
                environment.thaw()
            return json.loads(self._result("response", self.timeout, "Task timed out"))

    def end_environment(self) -> None:
        """As the platform does at any time; the next request starts another one."""
        if self._environment is not None:
            self._environment.kill()
            self._environment = None
            self._events.put(None)

    def _new_environment(self) -> Environment:
        self._events, self._results = Queue(), Queue()
        began, self.init_seconds = time.monotonic(), 0.0
        self._environment = environment = self._start(self._api.address)
        self._result("ready", INIT_SECONDS, "Init timed out")
        self.init_seconds = time.monotonic() - began
        return environment

    def _result(self, expected: str, seconds: float, late: str) -> bytes:
        try:
            kind, body = self._results.get(timeout=seconds)
        except Empty:
            kind, body = "timeout", json.dumps({"errorMessage": late}).encode()
        if kind == expected:
            return body
        self.errors.append(json.loads(body))
        if kind != "error":  # which an environment survives
            self.end_environment()
        raise FunctionFailedError(self.errors[-1]["errorMessage"])

    def next_event(self) -> tuple[str, Event] | None:
        """Waits for an event for the function; None if its environment ended meanwhile."""
        events, environment = self._events, self._environment
        with self._handing_over:
            if not self.init_seconds:
                self.report("ready", b"")
            elif environment is not None and events.empty():
                environment.freeze()
        return events.get()

    def report(self, kind: str, body: bytes) -> None:
        """What the function reports: ready, response, error or init/error."""
        self._results.put((kind, body))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler: type["_Handler"], emulator: LambdaEmulator) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.emulator = emulator
        self.address = f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A response in one packet, at once: otherwise it waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def respond(
        self, status: int, headers: dict[str, str], body: bytes, cookies: Sequence[str] = ()
    ) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        for cookie in cookies:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()


class _RuntimeApi(_Handler):
    """What a function asks: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html."""

    def do_GET(self) -> None:
        emulator = self.server.emulator
        item = emulator.next_event()
        if item is None:
            self.close_connection = True
            return
        request, event = item
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + emulator.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:1:function:model",
        }
        self.respond(200, headers, json.dumps(event).encode())

    def do_POST(self) -> None:
        # …/runtime/invocation/ID/response, …/runtime/invocation/ID/error, …/runtime/init/error
        parts = self.path.split("/")
        kind = "init/error" if parts[-2] == "init" else parts[-1]
        self.server.emulator.report(kind, self.body())
        self.respond(202, {"Content-Type": "application/json"}, b"{}")


class _ApiGateway(_Handler):
    """An HTTP API of API Gateway with the stage $default."""

    failure = (500, b'{"message":"Internal Server Error"}')
    domain = "api.execute-api.eu-central-1.amazonaws.com"
    identity: dict[str, Any] = {}

    def _invoke(self) -> None:
        try:
            result = self.server.emulator.invoke(self._event())
        except FunctionFailedError:
            self.respond(self.failure[0], {"Content-Type": "application/json"}, self.failure[1])
            return
        body = result.get("body", "")
        content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
        headers = {k: v for k, v in result["headers"].items() if k != "content-length"}
        self.respond(result["statusCode"], headers, content, result.get("cookies", ()))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _invoke

    def _event(self) -> Event:
        path = urlsplit(self.path)
        names = {name.lower() for name in self.headers}
        headers = {name: ",".join(self.headers.get_all(name, [])) for name in names}
        cookies = headers.pop("cookie", "")
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": unquote(path.path),
            "rawQueryString": path.query,
            **({"cookies": cookies.split("; ")} if cookies else {}),
            "headers": {**headers, "x-forwarded-proto": "https", "x-forwarded-port": "443"},
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "api",
                "domainName": self.domain,
                **self.identity,
                "http": {
                    "method": self.command,
                    "path": unquote(path.path),
                    "protocol": "HTTP/1.1",
                    "sourceIp": self.client_address[0],
                    "userAgent": headers.get("user-agent", ""),
                },
                "requestId": str(uuid4()),
                "stage": "$default",
            },
            **self._event_body(),
        }

    def _event_body(self) -> dict[str, Any]:
        body = self.body()
        if any(kind in self.headers.get("Content-Type", "") for kind in TEXT):
            with suppress(UnicodeDecodeError):
                return {"body": body.decode(), "isBase64Encoded": False}
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True} if body else {}


class _FunctionUrl(_ApiGateway):
    """A function URL whose callers sign their requests."""

    failure = (502, b"Internal Server Error")
    domain = "url.lambda-url.eu-central-1.on.aws"
    identity = {"authorizer": {"iam": {"accountId": "1", "userArn": "arn:aws:iam::1:user/u"}}}
