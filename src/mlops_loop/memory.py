"""Memory of a process that stays, and trains again and again."""

import ctypes
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_one_heap() -> None:
    """Let all threads take memory from one heap, where the C library is glibc.

    By default each thread is given a heap of its own. What one of them has let go of stays in its
    heap while others ask the system for more, so that a process grows with each training.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, 1)
