"""The loop: monitor, retrain, compare the challenger with the champion, promote or reject."""

from typing import TYPE_CHECKING

from .._lazy_exports import lazy_exports

if TYPE_CHECKING:
    from ._factory import make_controller
else:
    # Imported on first use: a service reads the state of the loop without what retrains.
    __getattr__ = lazy_exports(__name__, {"make_controller": "_factory"})

__all__ = ["make_controller"]
