"""Set up what working on the template takes, in the git-ignored folder .tools."""

import argparse
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "{{cookiecutter.project_slug}}"
TOOLS = ROOT / ".tools"
REQUIREMENTS = ROOT / "tools" / "requirements"
OLDEST_PYTHON = (3, 11)
# What is not handed on: make's flags and the variables that its caller has set; and, as each
# command would compile whatever it imports, that bytecode is not kept.
OF_MAKE = {"ARGS", "LIBRARY", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
LEFT_OUT = {*OF_MAKE, "PYTHONDONTWRITEBYTECODE"}

# The tools build on the hooks, which lie beside them.
sys.path.append(str(ROOT / "hooks"))


def load_installer() -> ModuleType:
    """The rendered project's own installer, which knows pip's index and how to make tools."""
    path = TEMPLATE / "tools" / "install.py"
    spec = importlib.util.spec_from_file_location("install", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    writes_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes_bytecode
    return module


def fingerprint(kind: str) -> str:
    """What the tool environment of a kind (demo, or test with more in it) is made of."""
    content = (REQUIREMENTS / f"{kind}.txt").read_bytes()
    return f"{kind} {hashlib.sha256(content).hexdigest()} {sys.version}"


def set_up(kind: str) -> bool:
    """Make .tools hold what `kind` needs; whether anything had to be done."""
    mark = TOOLS / "installed.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint("test"):
        return False
    requirements = ["--requirement", str(REQUIREMENTS / f"{kind}.txt")]
    made: bool = load_installer().make_environment(TOOLS, requirements, fingerprint(kind))
    return made


def program(name: str) -> Path:
    """A program of the tool environment."""
    path: Path = load_installer().executable(TOOLS, name)
    return path


def cookiecutter(output: Path) -> list[str | Path]:
    """The command that renders the default project into a folder, whatever the user's settings.

    What Cookiecutter keeps of a rendering stays in .tools, too.
    """
    config = TOOLS / "cookiecutter.json"
    folders = {"replay_dir": str(TOOLS / "replay"), "cookiecutters_dir": str(TOOLS / "templates")}
    config.write_text(json.dumps(folders), encoding="utf-8")
    options: list[str | Path] = ["--no-input", "--config-file", config, "--output-dir", output]
    return [program("cookiecutter"), *options, ROOT]


def environment() -> dict[str, str]:
    """Environment variables for what runs with these tools: their programs first, pip's index."""
    installer = load_installer()
    env: dict[str, str] = installer.environment(installer.index_settings())
    env["PATH"] = os.pathsep.join([str(program("python").parent), env.get("PATH", os.defpath)])
    return inherited(env)


def inherited(env: Mapping[str, str]) -> dict[str, str]:
    """What is left of an environment: a make inside is its own, and bytecode is kept."""
    return {key: value for key, value in env.items() if key not in LEFT_OUT}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["demo", "test"], help="for make demo, or for make test")
    kind = parser.parse_args().kind
    if sys.version_info < OLDEST_PYTHON:
        print(f"Python 3.11 or newer is needed; python3 is {sys.version.split()[0]}.")
        return 2
    if not set_up(kind):
        return 0
    print(f"Tools are in {TOOLS.relative_to(ROOT)}/", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
