"""Set up an environment for the library's own tests, in the git-ignored folder .tools.

It holds the lock of all options, without the answers that bring gigabytes, and the library from
source. With --heavy it holds those as well, in a folder of its own.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

import toolbox
from lock import lay_out, run
from superset import all_groups, heavy_groups
from variants import Template

LIBRARY = toolbox.TOOLS / "library"
HEAVY_LIBRARY = toolbox.TOOLS / "library-heavy"
# Spark alone, for tests marked `real`; Python finds it through PYTHONPATH.
SPARK = toolbox.TOOLS / "spark"
# What the tests take besides.
TESTS = toolbox.REQUIREMENTS / "library.txt"


def python(heavy: bool = False) -> Path:
    """The interpreter that imports the library from source."""
    folder = HEAVY_LIBRARY if heavy else LIBRARY
    path: Path = toolbox.load_installer().executable(folder, "python")
    return path


def set_up(heavy: bool = False) -> bool:
    """Bring the environment to what is locked; whether anything had to be done."""
    folder = HEAVY_LIBRARY if heavy else LIBRARY
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        lay_out(project)
        mark, fingerprint = folder / "installed.txt", _fingerprint(project, _groups(heavy))
        if mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint:
            return False
        groups = ("--with", ",".join(_groups(heavy)))
        options = ("--quiet", *groups, "--output", "requirements.txt")
        run(toolbox.program("poetry"), "export", *options, cwd=project)
        uv = toolbox.program("uv")
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
        pip = (uv, "pip", "install", "--quiet", "--no-deps", "--python", folder)
        run(*pip, "--require-hashes", "--requirement", "requirements.txt", cwd=project)
        run(*pip, "--require-hashes", "--requirement", TESTS)
        run(*pip, "--editable", toolbox.ROOT)
    mark.write_text(fingerprint, encoding="utf-8")
    return True


def set_up_spark() -> None:
    """Bring the folder with Spark to what is locked."""
    requirements = toolbox.REQUIREMENTS / "spark.txt"
    mark, content = SPARK / "installed.txt", requirements.read_text(encoding="utf-8")
    if mark.is_file() and mark.read_text(encoding="utf-8") == content:
        return
    shutil.rmtree(SPARK, ignore_errors=True)
    pip = (toolbox.program("uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes")
    run(*pip, "--python", python(), "--target", SPARK, "--requirement", requirements)
    mark.write_text(content, encoding="utf-8")


def _groups(heavy: bool) -> list[str]:
    """The groups of the lock of all options, by default without the heavy ones."""
    groups = set(all_groups(Template())) - {"main"}
    return sorted(groups if heavy else groups - heavy_groups(Template()))


def _fingerprint(project: Path, groups: list[str]) -> str:
    """What the environment is made of: lock, groups, the library's metadata, the interpreter."""
    files = (project / "poetry.lock", toolbox.ROOT / "pyproject.toml", TESTS)
    content = b"".join(path.read_bytes() for path in files) + " ".join(groups).encode()
    digest = hashlib.sha256(content).hexdigest()
    return f"{digest} {sys.version}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--heavy", action="store_true", help="with PyTorch and TensorFlow")
    heavy = parser.parse_args().heavy
    if set_up(heavy):
        print(f"The library's environment is {python(heavy).parents[1].relative_to(toolbox.ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
