"""Rows sent in order, and labels that follow after a delay."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from .client import ServiceClient

LABELS_PER_REQUEST = 250


@dataclass(frozen=True)
class ReplayRow:
    """A row to send.

    Attributes:
        row: the row as sent in a request.
        label: its label; None if it is unknown or not to be sent.
        moment: its event time.
    """

    row: dict[str, Any]
    label: Any = None
    moment: np.datetime64 = np.datetime64("NaT", "us")


class Traffic:
    """Sends rows and labels to a service.

    Args:
        client: the service.
        delay: how long after its row a label is sent.

    Attributes:
        told: number of labels that the service accepted.
    """

    def __init__(self, client: ServiceClient, delay: timedelta) -> None:
        self._client = client
        self._delay = np.timedelta64(delay)
        self._waiting: deque[tuple[np.datetime64, dict[str, Any]]] = deque()
        self.labels_sent = 0

    @property
    def due(self) -> np.datetime64 | None:
        """When the next label is known; None if none waits."""
        return self._waiting[0][0] if self._waiting else None

    def send_rows(self, asked: Sequence[ReplayRow]) -> list[dict[str, Any]]:
        """Ask about rows in one request.

        Raises:
            CallError: if no answer came, and so there is nothing to label.
        """
        answers = self._client.predict([one.row for one in asked])
        for one, answer in zip(asked, answers, strict=True):
            if one.label is not None:
                label = {"prediction_id": answer["prediction_id"], "label": one.label}
                self._waiting.append((one.moment + self._delay, label))
        return answers

    def send_labels(self, until: np.datetime64 | None = None) -> None:
        """Tell the labels that were known before a moment, by default all of them.

        Raises:
            CallError: if the service refuses; the labels of that request are let go.
        """
        while labels := self._known(until):
            self._client.label(labels)
            self.labels_sent += len(labels)

    def _known(self, until: np.datetime64 | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while self._waiting and len(found) < LABELS_PER_REQUEST:
            if until is not None and self._waiting[0][0] >= until:
                break
            found.append(self._waiting.popleft()[1])
        return found
