"""Run the tests of the template and of the library, each in its own environment.

Arguments are pytest's and go to both; a path below tests/template or tests/library picks one. With
--heavy the library's environment has PyTorch and TensorFlow. What takes a container engine or the
like is marked `real` and left to `make test-real`. Exit code: that of the first suite that failed;
5 if no test was selected in any.
"""

import os
import subprocess
import sys

import library
import toolbox

TEMPLATE, LIBRARY = "tests/template", "tests/library"
# Two files at a time. Their order, by which installing starts early, is the conftest's.
PARALLEL = ("--numprocesses", "2", "--dist", "loadfile")
NOTHING_SELECTED = 5
HEAVY = "--heavy"


def suites(arguments: list[str]) -> list[str]:
    """Which suites the arguments concern: those whose paths they name, or both."""
    named = [each for each in (TEMPLATE, LIBRARY) if any(each in word for word in arguments)]
    return named or [TEMPLATE, LIBRARY]


def command(suite: str, arguments: list[str], heavy: bool = False) -> list[str]:
    """How a suite is run."""
    paths = [] if any(suite in word for word in arguments) else [suite]
    if suite == TEMPLATE:
        python, settings = toolbox.program("python"), ["--no-loadscope-reorder"]
    else:
        python, settings = library.python(heavy), ["-c", f"{LIBRARY}/pytest.toml", "--rootdir", "."]
    return [str(python), "-m", "pytest", *settings, *PARALLEL, *paths, *arguments]


def main(arguments: list[str]) -> int:
    heavy = HEAVY in arguments
    arguments = [each for each in arguments if each != HEAVY]
    chosen, env = suites(arguments), toolbox.inherited(os.environ)
    if LIBRARY in chosen:
        library.set_up(heavy)
        if "real" in arguments:
            library.set_up_spark()
            env["PYTHONPATH"] = str(library.SPARK)
    codes = [
        subprocess.run(command(suite, arguments, heavy), cwd=toolbox.ROOT, env=env).returncode
        for suite in chosen
    ]
    selected = [code for code in codes if code != NOTHING_SELECTED]
    return next((code for code in selected if code), 0 if selected else NOTHING_SELECTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
