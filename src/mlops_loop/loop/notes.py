"""What the loop puts on record of its own, beside the transitions, which record themselves."""

from dataclasses import dataclass

from ..clock import Clock
from ..journal import Entry, Journal

ACTOR = "loop"
_NAMES = ("attempt", "version", "window")


@dataclass(frozen=True)
class Notes:
    """The journal in the hands of the loop."""

    journal: Journal
    clock: Clock

    def done(self) -> tuple[Entry, ...]:
        """What was done so far, by whomever, oldest first."""
        return tuple(self.journal.done())

    def note(self, kind: str, reason: str, **figures: object) -> None:
        """Put something on record, unless it is there: the step may have been cut off after it."""
        known = {name: figures[name] for name in _NAMES if name in figures}
        for entry in self.journal.entries():
            if (entry.kind, entry.reason) == (kind, reason) and known.items() <= dict(
                entry.figures
            ).items():
                return
        self.journal.append(Entry(self.clock.now(), kind, ACTOR, reason, figures))
