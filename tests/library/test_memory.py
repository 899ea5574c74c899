"""A process that stays does not grow with each training."""

import subprocess
import sys

import pytest

from mlops_loop import memory

HEAPS = """
import ctypes, importlib, sys, threading
if len(sys.argv) > 1:
    importlib.import_module(sys.argv[1]).share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(8)
def work():
    together.wait()
    for _ in range(1_000):
        libc.malloc(1_000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_info(0, ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w")))
libc.fflush(None)
"""


def heaps(*arguments: str) -> int:
    command = [sys.executable, "-c", HEAPS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.count("<heap ")


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives each thread a heap")
def test_threads_share_one_heap() -> None:
    assert heaps(memory.__name__) == 1 < heaps()
