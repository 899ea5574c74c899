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
        delay: delay of a label after its row.

    Attributes:
        labels_sent: number of labels that the service accepted.
    """

    def __init__(self, client: ServiceClient, delay: timedelta) -> None:
        self._client = client
        self._delay = np.timedelta64(delay)
        self._waiting: deque[tuple[np.datetime64, dict[str, Any]]] = deque()
        self.labels_sent = 0

    @property
    def due(self) -> np.datetime64 | None:
        """Time at which the next label is due; None if none waits."""
        return self._waiting[0][0] if self._waiting else None

    def send_rows(self, rows: Sequence[ReplayRow]) -> list[dict[str, Any]]:
        """Send rows in one request.

        Raises:
            CallError: if the request fails; its rows are not labelled.
        """
        answers = self._client.predict([row.row for row in rows])
        for row, answer in zip(rows, answers, strict=True):
            if row.label is not None:
                label = {"prediction_id": answer["prediction_id"], "label": row.label}
                self._waiting.append((row.moment + self._delay, label))
        return answers

    def send_labels(self, until: np.datetime64 | None = None) -> None:
        """Send the labels that are due before a moment, by default all of them.

        Raises:
            CallError: if the request fails; its labels are dropped.
        """
        while labels := self._known(until):
            self._client.label(labels)
            self.labels_sent += len(labels)

    def _known(self, until: np.datetime64 | None) -> list[dict[str, Any]]:
        labels: list[dict[str, Any]] = []
        while self._waiting and len(labels) < LABELS_PER_REQUEST:
            if until is not None and self._waiting[0][0] >= until:
                break
            labels.append(self._waiting.popleft()[1])
        return labels
