"""A process that kills itself in a step of the loop: FOLDER ADDRESS SCENARIO MOMENT."""

import os
import signal
import sys
from pathlib import Path

from .fuse import Fuse
from .scenarios import durable, prepared

if __name__ == "__main__":
    folder, address, scenario, moment = sys.argv[1:]
    doomed = prepared(durable(Path(folder), address), scenario)
    doomed.fuse = Fuse(int(moment), lambda: os.kill(os.getpid(), signal.SIGKILL))
    doomed.open()
    doomed.step()
