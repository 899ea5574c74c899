"""Sources of rows, and splits into training and held-out rows."""

from .rows import Rows
from .sources import Source, open_source
from .split import Fold, Split

__all__ = ["Fold", "Rows", "Source", "Split", "open_source"]
