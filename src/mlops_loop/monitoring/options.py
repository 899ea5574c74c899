"""What monitoring is asked, besides the window."""

from dataclasses import dataclass

from ..contract import Contract
from ..contract.model import Column
from ..errors import InputError


@dataclass(frozen=True)
class MonitoringOptions:
    """What is asked about.

    Attributes:
        page: whether Evidently draws its page; without it a verdict takes half the time.
        segment_by: a column by whose values the answers are taken apart as well.
        version_only: leave out rows on which the version did not answer. The verdict is then about that
            version, and not left for the service.
    """

    page: bool = True
    segment_by: str | None = None
    version_only: bool = False


DEFAULT_OPTIONS = MonitoringOptions()


def split_column(contract: Contract, name: str) -> Column:
    """The column by whose values rows may be taken apart.

    Raises:
        InputError: if there is none of that name, or its values are no categories.
    """
    fitting = [
        one
        for one in contract.inputs
        if one.role == "group" or (one.role == "feature" and one.type in ("category", "boolean"))
    ]
    names = {one.name: one for one in fitting}
    if name not in names:
        known = f"one of {', '.join(names)}" if names else "not possible with this contract"
        raise InputError(f"--by {name}: that is no category, boolean or group; it may be {known}")
    return names[name]
