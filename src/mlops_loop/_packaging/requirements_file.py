"""The locked requirements as a hashed list for pip."""

import re
from pathlib import Path

from .environment import Environment
from .wheel_file import DISTRIBUTION

# Poetry writes the absolute path of the wheel; the list should work anywhere.
_LIBRARY = re.compile(
    rf"^{DISTRIBUTION}(?:\[[^]]*\])? @ file://\S*/(vendor/\S+\.whl)", re.MULTILINE
)


def write_requirements(environment: Environment, path: Path, *, everything: bool = False) -> None:
    """Write the locked requirements, the library by its path below the project.

    Args:
        environment: environment of the project; the list is to be installed from its folder.
        path: the file to write.
        everything: all groups, instead of what serving needs.
    """
    groups = "--all-groups" if everything else "--only=main"
    environment.poetry("export", "--quiet", groups, "--output", str(path))
    path.write_text(with_relative_path(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_relative_path(text: str) -> str:
    """Requirements in which the library is named by its path below the project.

    Examples:
        >>> with_relative_path("mlops-loop @ file:///srv/x/vendor/mlops_loop-1.whl ; sys")
        './vendor/mlops_loop-1.whl ; sys'
    """
    return _LIBRARY.sub(lambda found: f"./{found[1].replace('%2B', '+')}", text)
