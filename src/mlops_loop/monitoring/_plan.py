"""The monitoring of a project: its checks, the actions on their findings, and the receivers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from .._settings import ActionName
from ..errors import SettingsError
from ..evaluation._metric import MetricChoice
from ._checks import DEFAULT_CHECKS, Check
from ._incidents import Incident
from ._receivers import RESERVED_NAMES, Receiver, name_of

Action = ActionName | Callable[[Incident], ActionName | None]
"""The action on a kind of finding: its name, or a function of the incident.

The function may return the name of an action that is carried out as well.

Examples:
    >>> def open_ticket(incident: Incident) -> ActionName:
    ...     print("ticket:", incident.text)
    ...     return "alert"
    >>> action: Action = open_ticket
"""


@dataclass(frozen=True)
class MonitoringPlan:
    """The checks that run, the actions on their findings, and the receivers of alerts.

    Attributes:
        checks: functions of a `MonitoringWindow` that return findings, run in this order.
        actions: for each kind of finding one of `advise`, `alert`, `retrain` and `rollback`, or a
            function that is called for each window with an incident of that kind; it may be called
            again for the same window if the process ended in between. Kinds that are not listed
            follow `actions` of the settings; kinds unknown there alert. `drift` also covers
            `drift_only`, a drift while performance holds, unless that is listed too.
        receivers: functions of an `Alert`, besides the log, file, webhook and Apprise URLs of
            `alerts` in the settings. An alert is sent again later if one raises an exception.
        metric: metric of the performance, usually METRIC of `metrics.py`; None for the library's
            metric that the model was selected by.

    Raises:
        SettingsError: if an action is unknown, or two receivers have the same name.

    Examples: A check, an action and a receiver of your own.
        >>> from mlops_loop.monitoring import DEFAULT_CHECKS, Alert, Finding, MonitoringWindow
        >>> def check_volume(window: MonitoringWindow) -> list[Finding]:
        ...     rows = window.period.rows
        ...     return [] if rows > 1000 else [Finding("volume", f"only {rows} predictions")]
        ...
        >>> def open_ticket(incident: Incident) -> None:
        ...     print("ticket:", incident.text)
        ...
        >>> def to_console(alert: Alert) -> None:
        ...     print(alert.text)
        ...
        >>> plan = MonitoringPlan(
        ...     checks=[*DEFAULT_CHECKS, check_volume],
        ...     actions={"drift": "alert", "volume": open_ticket},
        ...     receivers=[to_console],
        ... )
    """

    checks: Sequence[Check] = DEFAULT_CHECKS
    actions: Mapping[str, Action] = field(default_factory=dict)
    receivers: Sequence[Receiver] = ()
    metric: MetricChoice | None = None

    def __post_init__(self) -> None:
        for kind, action in self.actions.items():
            if not callable(action) and action not in get_args(ActionName):
                known = ", ".join(get_args(ActionName))
                raise SettingsError(
                    f"invalid action {action!r} for {kind}: expected {known} or a function"
                )
        names = Counter([*RESERVED_NAMES, *(name_of(receiver) for receiver in self.receivers)])
        for name, uses in names.items():
            if uses > 1:
                raise SettingsError(f"two receivers are named {name}: rename one of the functions")
