"""Sends a file of rows to a running service, one request per row."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np

from ..contract import Contract
from ..contract._columns import to_datetime64
from ..errors import InputError
from .client import CallError, ServiceClient
from .result import Replayed
from .rows import FileRows
from .stats import ReplayStats
from .traffic import ReplayRow, Traffic

TIMEOUT = 30.0
# Labels are sent together, in this interval.
LABELS_EVERY = 1.0
# After this many consecutive requests without a response, the service is unavailable.
MAX_CONSECUTIVE_FAILURES = 10
KEY = "API_KEY"
UNAUTHORIZED = 401


def replay(
    rows: FileRows,
    url: str,
    *,
    key: str | None = None,
    rate: float | None = None,
    delay: timedelta | None = None,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> Replayed:
    """Send the rows of a file to a service, one after another, and their labels.

    Args:
        rows: the rows to send, in this order.
        url: URL of the service.
        key: API key, sent as X-API-Key.
        rate: limit of rows per second; by default the next row follows the response.
        delay: delay of a label after its row, in event time; without a time
            column in wall-clock time. By default the contract's label horizon; in wall-clock
            time zero.
        progress: called with the number of rows sent, and of all rows if known.

    Raises:
        InputError: if the URL is invalid, or no service with a model responds there.
    """
    stats = ReplayStats()
    with _http(url, key) as http:
        client = ServiceClient(http, stats.seconds.append)
        _require_model(client, url, key, rows.contract)
        began = time.monotonic()
        timed = rows.contract.time is not None
        horizon = rows.contract.label_horizon if timed else timedelta()
        player = _Player(
            Traffic(client, horizon if delay is None else delay), stats, rows.place, timed
        )
        total = rows.total
        for number, row in enumerate(rows):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            player.send(row)
            progress(stats.rows, total)
            if player.unreachable:
                break
        player.finish()
    return Replayed(
        url=url,
        seconds=time.monotonic() - began,
        stats=stats,
        labels=player.traffic.labels_sent,
        lost_labels=rows.lost,
        waits=client.waits,
        unreachable=player.unreachable,
    )


class _Player:
    """Sends rows one by one; labels follow in event time, or in wall-clock time without one."""

    def __init__(
        self, traffic: Traffic, stats: ReplayStats, place: Callable[[int], str], timed: bool
    ) -> None:
        self.traffic = traffic
        self._stats = stats
        self._place = place
        self._timed = timed
        self._now = np.datetime64("NaT", "us")
        self._labels_sent_at = time.monotonic()

    @property
    def unreachable(self) -> bool:
        return self._stats.lost >= MAX_CONSECUTIVE_FAILURES

    def send(self, row: ReplayRow) -> None:
        moment = row.moment if self._timed else _clock()
        self._now = np.fmax(self._now, moment)
        self._stats.rows += 1
        try:
            self._stats.answer(self.traffic.send_rows([replace(row, moment=self._now)]))
        except CallError as error:
            self._stats.fail(error, lambda: self._place(self._stats.rows))
        if time.monotonic() - self._labels_sent_at >= LABELS_EVERY:
            self._send_labels(self._now)
            self._labels_sent_at = time.monotonic()

    def finish(self) -> None:
        """Send the remaining labels; in event time without waiting."""
        while (due := self.traffic.due) is not None and not self.unreachable:
            if not self._timed:
                time.sleep(max((due - _clock()) / np.timedelta64(1, "s"), 0.0))
            self._send_labels(None if self._timed else _clock())

    def _send_labels(self, until: np.datetime64 | None) -> None:
        try:
            self.traffic.send_labels(until)
        except CallError as error:
            self._stats.fail(error, lambda: "labels")


def _clock() -> np.datetime64:
    return to_datetime64(datetime.now(UTC))


def _http(url: str, key: str | None) -> httpx.Client:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InputError(f"{url} is not a URL: {error}") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise InputError(f"{url} is not the URL of a service: expected e.g. http://localhost:8000")
    headers = {"X-API-Key": key} if key else {}
    try:
        return httpx.Client(base_url=url, timeout=TIMEOUT, headers=headers)
    except UnicodeEncodeError as error:
        raise InputError(
            f"the key contains a character that is not allowed in a header: {error.object!r}"
        ) from error


def _require_model(client: ServiceClient, url: str, key: str | None, contract: Contract) -> None:
    try:
        model = client.model()
    except CallError as error:
        if error.lost:
            raise InputError(
                f"no service at {url} ({error}): start `serve`, or give another --url"
            ) from error
        if error.status == UNAUTHORIZED:
            problem = "rejects the key" if key else "needs a key"
            raise InputError(
                f"the service at {url} {problem}: set {KEY} in the environment, or --key"
            ) from error
        raise InputError(f"the server at {url} is not such a service: {error}") from error
    if "champion" not in model:
        raise InputError(f"the server at {url} is not such a service: GET /model has no champion")
    if model["champion"] is None:
        raise InputError(f"the service at {url} has no model yet: run `train` first")
    if model.get("target") not in (None, contract.target_summary):
        raise InputError(
            f"the service at {url} predicts {model['target']}, and the contract's target is "
            f"{contract.target_summary}: train a version for it and restart the service"
        )
