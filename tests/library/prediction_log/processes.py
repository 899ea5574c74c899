"""Other processes that use the log."""

import os
import subprocess
import sys
from pathlib import Path

from mlops_loop import prediction_log


def run_child(code: str, address: str, root: Path) -> subprocess.Popen[str]:
    """Another process, with `open_log()` and `record(id)` at hand."""
    prelude = """
import importlib, pathlib, sys
from datetime import UTC, datetime
package = importlib.import_module(sys.argv[1])
def open_log():
    return package.open_prediction_log(sys.argv[2], root=pathlib.Path(sys.argv[3]))
def record(name):
    noon = datetime(2013, 6, 1, 12, tzinfo=UTC)
    return package.Record(name, None, noon, noon, {}, ())
"""
    return subprocess.Popen(
        [sys.executable, "-c", prelude + code, prediction_log.__name__, address, str(root)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def killed_while_appending(address: str, root: Path) -> int:
    """How many ids, `p0` and on, were acknowledged to a process that was killed then."""
    code = """
log = open_log()
for number in range(1_000_000):
    log.append([record(f"p{number}")]).result()
    print(number, flush=True)
"""
    with run_child(code, address, root) as child:
        assert child.stdout is not None
        while (line := child.stdout.readline()) != "20\n":
            assert line, "it has ended by itself"
        child.kill()
        return 21 + len([line for line in child.stdout if line.endswith("\n")])
