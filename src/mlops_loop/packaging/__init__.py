"""The library as a wheel in a project's `vendor/`: upgraded, patched, and listed for pip."""

from .additions import add
from .ejection import build, eject, installed_library
from .requirements_file import write_requirements
from .upgrade import upgrade

__all__ = ["add", "build", "eject", "installed_library", "upgrade", "write_requirements"]
