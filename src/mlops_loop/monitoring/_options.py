"""Options of a run of monitoring, besides the window."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..contract import Contract
from ..contract._column_definition import Column
from ..errors import InputError
from ..evaluation._metric import MetricChoice

if TYPE_CHECKING:
    from ._plan import Action


@dataclass(frozen=True)
class MonitoringOptions:
    """Options of a run.

    Attributes:
        page: whether to write Evidently's page, which takes half of the time.
        segment_by: a column; the report has results for each of its values as well.
        version_only: leave out rows that the version did not predict. The report is then about
            that version, and is not published to the service.
        metric: metric of the performance; None for the one that the model was selected by.
        actions: the project's own actions by kind of finding, for the advice.
    """

    page: bool = True
    segment_by: str | None = None
    version_only: bool = False
    metric: MetricChoice | None = None
    actions: "Mapping[str, Action]" = field(default_factory=dict)


DEFAULT_OPTIONS = MonitoringOptions()


def segment_column(contract: Contract, name: str) -> Column:
    """The column whose values divide rows into segments.

    Raises:
        InputError: if there is no such column, or it is not a category, a boolean or a group.
    """
    suitable = [
        column
        for column in contract.inputs
        if column.role == "group"
        or (column.role == "feature" and column.type in ("category", "boolean"))
    ]
    by_name = {column.name: column for column in suitable}
    if name not in by_name:
        hint = f"expected one of {', '.join(by_name)}" if by_name else "the contract has none"
        raise InputError(f"--segment-by {name}: not a category, boolean or group column; {hint}")
    return by_name[name]
