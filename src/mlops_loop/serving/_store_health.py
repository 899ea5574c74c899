"""Whether the prediction log accepts records, for readiness."""

from ..errors import StoreError
from ..prediction_log import PredictionLog
from ._problem import Problem, unavailable

_PROBE_SECONDS = 1.0


class StoreHealth:
    """Remembers that the log failed until it accepts records again."""

    def __init__(self) -> None:
        self._failed = False

    @property
    def degraded(self) -> bool:
        """Whether the log failed and has not accepted anything since."""
        return self._failed

    def failed(self) -> Problem:
        """The response where the log failed; readiness reports it until it accepts again."""
        self._failed = True
        return unavailable("the prediction cannot be recorded at the moment; try again")

    def require(self, log: PredictionLog) -> None:
        """Raises Problem 503 if the log failed and still does; that may take a second."""
        if not self._failed:
            return
        try:
            log.append([]).result(_PROBE_SECONDS)
        except (StoreError, TimeoutError) as error:
            raise unavailable(f"the prediction log does not accept records: {error}") from error
        self._failed = False
