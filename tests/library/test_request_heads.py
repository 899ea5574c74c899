"""The limit on request line and headers, while they arrive."""

import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import uvicorn

from mlops_loop.serving._headers import MAX_HEAD_BYTES
from mlops_loop.serving.fastapi._head_limit import HeadLimitProtocol

from .request_heads import END, PART, START, large, send

LARGE = 60_000_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"read {size}.".encode()})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    config = uvicorn.Config(
        application,
        http=HeadLimitProtocol,
        lifespan="off",
        ws="none",
        log_config=None,
        timeout_keep_alive=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize(
    ("start", "part"),
    [
        (START, PART),
        (b"GET /", PART),
        (b"GET / HTTP/1.1\r\nx-", PART),
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 1_000),
        (b"GET / HTTP/1.1\r\na: ", b" " * 8_000),
        (b"", b"\r\n" * 4_000),
    ],
    ids=["header", "request line", "header name", "many headers", "blanks", "empty lines"],
)
def test_a_head_that_does_not_end_is_rejected_while_it_arrives(
    url: str, start: bytes, part: bytes
) -> None:
    response, sent = send(url, large(LARGE, start=start, part=part))
    assert response[:13] in (b"HTTP/1.1 431 ", b"HTTP/1.1 400 ", b"")
    # What a connection buffers on both sides, and not what was to come.
    assert sent < LARGE / 4


def test_the_answer_says_what_the_limit_is(url: str) -> None:
    response, _ = send(url, [START, *[PART] * 200])
    assert response.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert f"limit {MAX_HEAD_BYTES} bytes".encode() in response


def test_a_head_within_the_limit_is_read(url: str) -> None:
    response, _ = send(url, large(MAX_HEAD_BYTES - 10_000))
    assert response.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("start", [b"", b"G", START, START + b"x" + END[:2] + b"a: b"])
def test_a_connection_is_closed_whose_head_does_not_come(url: str, start: bytes) -> None:
    response, _ = send(url, [start])  # waits for the end of the connection
    assert response == b""


def test_so_is_one_whose_second_head_does_not_come(url: str) -> None:
    response, _ = send(url, [START + b"x\r\n\r\n", START])
    assert response.count(b"HTTP/1.1 200 ") == 1


def test_bodies_are_not_limited_here(url: str) -> None:
    size = 40 * len(PART)
    post = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {size}\r\n\r\n".encode()
    # Requests follow each other on one connection, and heads begin within the data of a body.
    response, _ = send(url, [(post + PART * 40) * 5 + START + b"x", END])
    assert response.count(f"read {size}.".encode()) == 5
    assert response.count(b"HTTP/1.1 200 ") == 6
