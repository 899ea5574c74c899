"""What the Makefile would ask a shell for, in Python: Windows has neither awk nor rm."""

from __future__ import annotations  # so that an older Python can run it

import re
import shutil
import sys
from glob import glob
from pathlib import Path

MAKEFILE = Path(__file__).resolve().parent.parent / "Makefile"
TARGET = re.compile(r"^([a-z]+):.*?## (.*)$", re.MULTILINE)


def show_help() -> None:
    """List the targets with their comments."""
    for name, text in TARGET.findall(MAKEFILE.read_text(encoding="utf-8")):
        print(f"  make {name:12} {text}")


def clean(patterns: list[str]) -> None:
    """Delete files and folders."""
    for path in (Path(name) for pattern in patterns for name in glob(pattern)):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def main(words: list[str]) -> int:
    if words[0] == "help":
        show_help()
    elif words[0] == "clean":
        clean(words[1:])
    else:
        message = "Nothing is installed yet: run 'make install' (or 'poetry install') first."
        print(message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
