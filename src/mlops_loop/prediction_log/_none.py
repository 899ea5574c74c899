"""The log of the setting `prediction_log: none`: predictions are answered, and nothing is kept."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NoReturn

from ..errors import NotKeptError
from ._protocol import PredictionLog
from ._records import Counts, Label, LabelReport, Record

_SENTENCE = (
    "predictions and labels are not kept (prediction_log: none); to keep them, set prediction_log "
    "to an address, e.g. sqlite:///var/predictions.db"
)


class NoPredictionLog:
    """Accepts records and drops them; whatever needs them is a NotKeptError."""

    def append(self, records: Sequence[Record]) -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def add_labels(self, labels: Sequence[Label]) -> LabelReport:
        return self._raise() if labels else LabelReport()

    def totals(self) -> Counts:
        return Counts(0, 0)

    def other_schemas(self) -> int:
        return 0

    def erase(self, entity_key: str) -> int:
        return 0

    def backlog(self) -> int:
        return 0

    def close(self) -> None:
        pass

    def _raise(self, *_: object, **__: object) -> NoReturn:
        raise NotKeptError(_SENTENCE)

    sample = rows = count = get = prune = _raise


def keeps_nothing(log: PredictionLog) -> bool:
    """Whether a log is that of `prediction_log: none`."""
    return isinstance(log, NoPredictionLog)


def require_kept(log: PredictionLog, purpose: str) -> None:
    """Require a log that keeps predictions.

    Args:
        log: the project's log.
        purpose: why, the beginning of the message, e.g. "drift is unknown".

    Raises:
        NotKeptError: if it does not.
    """
    if keeps_nothing(log):
        raise NotKeptError(f"{purpose}: {_SENTENCE}")


def open_log(
    address: str, root: Path, schema_digest: str | None, target_digest: str | None
) -> PredictionLog:
    return NoPredictionLog()


def migrate(address: str, root: Path) -> str | None:
    return None


def verify(address: str, root: Path) -> str:
    return "there is nothing to verify"


def archive(address: str, root: Path) -> str | None:
    return None
