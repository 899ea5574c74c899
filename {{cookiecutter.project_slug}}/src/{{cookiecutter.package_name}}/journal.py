"""What happened, one line a transition: when, who, why, and on which figures."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    time: datetime
    kind: str
    actor: str
    reason: str
    figures: Mapping[str, object] = field(default_factory=dict)

    def sentence(self) -> str:
        return f"{self.time:%Y-%m-%d %H:%M}  {self.kind:<10} {self.reason} ({self.actor})"

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "time": self.time.isoformat()}


INTENT = "intent"


class Journal:
    """An append-only file of JSON lines, each on disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, entry: Entry) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry.to_json(), ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def done(self) -> Iterator[Entry]:
        """What was done, oldest first: entries without the intents that came before it."""
        return (entry for entry in self.entries() if entry.kind != INTENT)

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                raw = json.loads(line)
                yield Entry(**{**raw, "time": datetime.fromisoformat(raw["time"])})
