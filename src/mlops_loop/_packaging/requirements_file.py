"""The locked requirements as a requirements file with hashes."""

import re
from pathlib import Path

from .environment import Environment
from .wheel_file import DISTRIBUTION

# Poetry writes the absolute path of the wheel; the list should work anywhere.
_LIBRARY = re.compile(
    rf"^{DISTRIBUTION}(?:\[[^]]*\])? @ file://\S*/(vendor/\S+\.whl)", re.MULTILINE
)


def write_requirements(environment: Environment, path: Path, *, everything: bool = False) -> None:
    """Write the locked requirements, with the library as a relative path.

    Args:
        environment: environment of the project; the list is to be installed from its folder.
        path: the file to write.
        everything: whether to include all groups; by default only what serving needs.
    """
    groups = "--all-groups" if everything else "--only=main"
    environment.poetry("export", "--quiet", groups, "--output", str(path))
    path.write_text(with_relative_path(path.read_text(encoding="utf-8")), encoding="utf-8")


def with_relative_path(text: str) -> str:
    """Replace the URL of the library with a path relative to the project.

    Examples:
        >>> with_relative_path("mlops-loop @ file:///srv/x/vendor/mlops_loop-1.whl ; sys")
        './vendor/mlops_loop-1.whl ; sys'
    """
    return _LIBRARY.sub(lambda match: f"./{match[1].replace('%2B', '+')}", text)
