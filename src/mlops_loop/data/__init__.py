"""Sources of rows, and splits into training and held-out rows."""

from ._rows import Rows
from ._sources import Source, open_source
from ._split import Fold, Split

__all__ = ["Fold", "Rows", "Source", "Split", "open_source"]
