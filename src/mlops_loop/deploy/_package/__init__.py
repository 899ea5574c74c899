"""The package that a deployment target takes: an image's build context, source files, or a zip."""

from .package import Package, make_package
from .targets import TARGETS, Target, find_target

__all__ = ["TARGETS", "Package", "Target", "find_target", "make_package"]
