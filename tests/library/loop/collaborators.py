"""What a world has in place of MLflow, the prediction log and the store of the loop's state."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from mlops_loop.loop._leased_state import StoredState
from mlops_loop.prediction_log import LoggedRow
from mlops_loop.registry import Version

START = datetime(2013, 3, 1, tzinfo=UTC)
Answer = TypeVar("Answer")


class PaperRegistry:
    """What MLflow keeps of versions, in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, tags: dict[str, str]) -> str:
        body = self._body()
        # MLflow counts on after a half-made version; here its number is taken again, so that
        # worlds can be compared.
        number = str(len(self.versions()) + 1)
        body["versions"][number] = {**tags, "complete": ""}
        self._keep(body)
        return number

    def complete(self, version: str) -> None:
        body = self._body()
        body["versions"][version]["complete"] = "true"
        self._keep(body)

    def versions(self) -> tuple[Version, ...]:
        found = self._body()["versions"].items()
        return tuple(
            Version(number, f"run-{number}", START, (), tags)
            for number, tags in found
            if tags["complete"]
        )

    def version(self, version: str) -> Version:
        return next(found for found in self.versions() if found.version == version)

    def alias(self, alias: str) -> str | None:
        found: str | None = self._body()["aliases"].get(alias)
        return found

    def set_alias(self, alias: str, version: str | None) -> None:
        body = self._body()
        body["aliases"][alias] = version
        self._keep(body)

    def _body(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"versions": {}, "aliases": {}}
        body: dict[str, Any] = json.loads(self._path.read_text())
        return body

    def _keep(self, body: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(body))


class MemoryPlace:
    """The smallest place there is; a process that comes later gets the same object."""

    def __init__(self) -> None:
        self._kept = StoredState()

    def transact(self, decide: Callable[[StoredState], tuple[Answer, StoredState]]) -> Answer:
        answer, self._kept = decide(self._kept)
        return answer


class Rows:
    """A prediction log that holds only what the judge reads."""

    def __init__(self) -> None:
        self.stored: list[LoggedRow] = []

    def rows(
        self, since: datetime, until: datetime, *, labelled: bool, version: str | None
    ) -> Iterator[LoggedRow]:
        return (
            row
            for row in self.stored
            if since <= row.record.event_time < until
            and (version is None or version in {output.version for output in row.record.outputs})
        )

    def sample(self, since: datetime, until: datetime | None, limit: int) -> list[LoggedRow]:
        end = until or datetime.max.replace(tzinfo=since.tzinfo)
        return [row for row in self.stored if since <= row.record.event_time < end]
