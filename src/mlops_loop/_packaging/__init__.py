"""The library as a wheel in a project's `vendor/`: upgrade, local changes, requirements for pip."""

from .additions import add
from .ejection import build, eject, installed_library
from .environment import Environment
from .requirements_file import write_requirements
from .upgrade import upgrade

__all__ = [
    "Environment",
    "add",
    "build",
    "eject",
    "installed_library",
    "upgrade",
    "write_requirements",
]
