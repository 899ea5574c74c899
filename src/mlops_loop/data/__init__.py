"""Where rows come from, and which of them train."""

from .rows import Rows
from .sources import Source, open_source
from .split import Fold, Split

__all__ = ["Fold", "Rows", "Source", "Split", "open_source"]
