"""Requests that arrive while another one is being answered are answered together, after it."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock

from ..response import Response
from ..service import Asked


class Gathering:
    """Of the threads that ask, one answers for all that came while the last one did.

    Args:
        answer: answers several requests, in their order.
    """

    def __init__(self, answer: Callable[[Sequence[Asked]], list[Response | Exception]]) -> None:
        self._answer = answer
        self._changing = Lock()
        self._answering = Lock()
        self._waiting: list[tuple[Asked, Future[Response]]] = []

    def ask(self, body: bytes, entity_key: str | None) -> Response:
        """The answer to one request; raises what `answer` gave instead."""
        own: Future[Response] = Future()
        with self._changing:
            self._waiting.append(((body, entity_key), own))
        with self._answering:
            if not own.done():
                self._turn()
        return own.result()

    def _turn(self) -> None:
        with self._changing:
            waiting, self._waiting = self._waiting, []
        answers = self._answer([asked for asked, _ in waiting])
        for (_, own), answered in zip(waiting, answers, strict=True):
            if isinstance(answered, Exception):
                own.set_exception(answered)
            else:
                own.set_result(answered)
