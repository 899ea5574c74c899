"""What a scenario has at hand, and what it hands back."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from .client import Answer, Load
from .service import Service
from .store import Store
from .subject import Subject

_ROWS = 200


@dataclass
class Finding:
    """One line of the table.

    Attributes:
        what: was done.
        became: of it, in figures or in the service's own words.
        good: whether that is what was promised.
    """

    what: str
    became: str
    good: bool


@dataclass
class Stage:
    """One project, one store, one folder that goes when the scenario is over.

    Attributes:
        rows: to ask about.
        expected: by version, what that version answers to each row.
    """

    subject: Subject
    folder: Path
    store: Store
    rows: list[dict[str, Any]]
    expected: dict[str, list[Any]]
    services: int = field(default=0)

    def service(self, **settings: str) -> Service:
        """The project's service on this stage's store; not started."""
        self.services += 1
        log = self.folder / f"service-{self.services}.log"
        return Service(self.subject, {"PREDICTION_LOG": self.store.address, **settings}, log)

    def load(self, service: Service, *, connections: int = 16, rate: float | None = None) -> Load:
        return Load(service.port, self.rows, connections, rate)

    def load_of_today(self, service: Service, *, rate: float) -> Load:
        """The rows as new events that happen just now."""
        time, name = self.subject.ask("event", settings={})

        def fresh() -> dict[str, str]:
            return {time: datetime.now(UTC).isoformat(), name: str(uuid4())}

        return Load(service.port, self.rows, rate=rate, fresh=fresh)

    def ledger(self, answers: Sequence[Answer]) -> tuple[str, bool]:
        """What the log holds of these acknowledged answers, in words, and whether it is right."""
        found = self.subject.ask("logged", settings={"PREDICTION_LOG": self.store.address})
        logged, acknowledged = found["ids"], [answer.prediction_id for answer in answers]
        lost = len(set(acknowledged) - set(logged))
        twice = len(logged) - len(set(logged))
        words = f"{len(acknowledged):,} acknowledged, {lost} of them lost, {twice} twice"
        # A counter that is off would spoil every share that monitoring reports.
        counted = found["predictions"] == len(logged) and found["backlog"] == 0
        if not counted:
            words += (
                f"; {found['predictions']} counted of {len(logged)}, {found['backlog']} spooled"
            )
        return words, not lost and not twice and counted and bool(acknowledged)


@contextmanager
def set_up(subject: Subject) -> Iterator[Stage]:
    """A stage with a store that runs."""
    # Beside the project, whose var/ is closed to the account that runs the store for root.
    folder = Path(tempfile.mkdtemp(prefix="faults-", dir=subject.root.parent))
    folder.chmod(0o711)
    local = {"PREDICTION_LOG": "sqlite:///var/predictions.db"} if subject.store == "sqlite" else {}
    found = subject.ask("rows", str(_ROWS), settings=local)
    with Store(subject, folder) as store:
        yield Stage(subject, folder, store, found["rows"], found["answers"])
    shutil.rmtree(folder)
