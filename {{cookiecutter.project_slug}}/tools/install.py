"""Install what poetry.lock names into .venv, from the package index that pip is configured with.

`make install` runs this; further words are a command of Poetry, e.g. `tools/install.py lock`.
Where PyPI itself can be reached, `poetry install` does the same. Elsewhere Poetry needs help, since
it does not read pip's configuration, and takes a plugin for an index that has nothing but "simple"
pages. A Poetry with the plugins is set up once in the git-ignored folder .tools, if the one on PATH
has none. uv, where present, installs faster.
"""

from __future__ import annotations  # so that an older Python gets as far as the sentence in `main`

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
PLUGINS = ("poetry-plugin-export", "poetry-plugin-pypi-mirror")
# Poetry and its plugins with all that they need, by version and hash.
TOOLS = ROOT / "tools" / "poetry.txt"
# The settings of pip that say where packages come from and how they are fetched. The others, e.g.
# `user`, `target` or `no-deps`, are meant for other environments and would break this one.
PIP_SETTINGS = (
    "cache-dir",
    "cert",
    "client-cert",
    "default-timeout",
    "disable-pip-version-check",
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-cache-dir",
    "no-index",
    "proxy",
    "retries",
    "timeout",
    "trusted-host",
    "use-deprecated",
    "use-feature",
)
DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class InstallError(Exception):
    """A command failed; the text says which."""


def output(command: list[str | Path], env: dict[str, str] | None = None) -> str:
    """What a command prints, or nothing where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run(command: list[str | Path], env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=env)
    if done.returncode:
        name = " ".join([Path(command[0]).name, *map(str, command[1:3])])
        raise InstallError(f"'{name}' ended with exit code {done.returncode}; its reason is above.")


def executable(environment: Path, name: str) -> Path:
    """A program inside a virtual environment."""
    windows = os.name == "nt"
    return environment / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name)


@cache
def pip_settings() -> dict[str, str]:
    """Environment variables with those settings of pip that suit any environment, and no others."""
    plain = {key: value for key, value in os.environ.items() if not is_of_pip(key)}
    if config_file := os.environ.get("PIP_CONFIG_FILE"):
        plain["PIP_CONFIG_FILE"] = config_file
    # The level of messages may be a setting as well, and could silence the list.
    listed = output([sys.executable, "-m", "pip", "config", "list", "--verbose"], plain)
    settings: dict[str, str] = {}
    for section in ("global", "install"):
        for name, value in re.findall(rf"^{section}\.([\w-]+)=(['\"].*)$", listed, re.MULTILINE):
            settings[variable(name)] = " ".join(ast.literal_eval(value).split())
    settings.update({key: value for key, value in os.environ.items() if is_of_pip(key)})
    suitable = {variable(name) for name in PIP_SETTINGS}
    return {key: value for key, value in settings.items() if key in suitable}


def variable(name: str) -> str:
    """The environment variable of an option of pip."""
    return "PIP_" + name.upper().replace("-", "_")


def is_of_pip(key: str) -> bool:
    return key.upper().startswith("PIP_")


def index_settings() -> dict[str, str]:
    """Environment variables that send Poetry and uv to pip's index; what is set already wins."""
    index = pip_settings().get("PIP_INDEX_URL") or output([sys.executable, "-c", DEFAULT_INDEX])
    wanted = {"POETRY_PYPI_MIRROR_URL": index, "UV_DEFAULT_INDEX": index}
    return {key: value for key, value in wanted.items() if value and key not in os.environ}


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of the tools: no foreign virtual environment, no question, no download."""
    foreign = {"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME", "PYTHONPATH"}
    env = {
        key: value for key, value in os.environ.items() if key not in foreign and not is_of_pip(key)
    }
    fixed = {
        "PIP_CONFIG_FILE": os.devnull,  # so that pip reads no file: `pip_settings` has done it
        "PIP_NO_INPUT": "1",
        "POETRY_NO_INTERACTION": "1",
        "POETRY_VIRTUALENVS_CREATE": "true",
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return {**env, **pip_settings(), **settings, **fixed}


def make_environment(directory: Path, requirements: list[str], fingerprint: str) -> bool:
    """Make a virtual environment for tools, unless one with this fingerprint stands there."""
    mark = directory / "installed.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") == fingerprint:
        return False
    venv.create(directory, clear=True, with_pip=True)
    pip: list[str | Path] = [executable(directory, "python"), "-m", "pip", "install", "-qq"]
    run([*pip, "--disable-pip-version-check", *requirements], environment({}))
    mark.write_text(fingerprint, encoding="utf-8")
    return True


def find_poetry() -> Path:
    """The Poetry on PATH if it has the plugins, else the project's own in .tools."""
    found = shutil.which("poetry")
    with tempfile.TemporaryDirectory() as settings:  # so that asking leaves no trace
        env = {**os.environ, "POETRY_CONFIG_DIR": settings}
        listed = output([found, "self", "show", "plugins"], env) if found else ""
    if found and all(each in listed for each in PLUGINS):
        return Path(found)
    print("Poetry comes from .tools, which is set up once", file=sys.stderr, flush=True)
    requirements = ["--require-hashes", "--requirement", str(TOOLS)]
    fingerprint = f"{sys.version}\n{TOOLS.read_text(encoding='utf-8')}"
    make_environment(ROOT / ".tools", requirements, fingerprint)
    return executable(ROOT / ".tools", "poetry")


def install_with_uv(uv: str, poetry: Path, env: dict[str, str]) -> None:
    """Export the lock, let uv bring the environment to exactly that, and add the project."""
    target = executable(Path(".venv"), "python")
    if not (ROOT / target).exists():
        run([uv, "venv", "--quiet", ".venv"], env)
    requirements = Path(".venv", "requirements.txt")
    run([poetry, "export", "--quiet", "--all-groups", "--output", requirements], env)
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    sync: list[str | Path] = [uv, "pip", "sync", "--require-hashes", "--python", target, *quiet]
    # What is in uv's cache, or in place already, needs no index.
    offline = [*sync, "--offline", requirements]
    if subprocess.run(offline, cwd=ROOT, env=env, capture_output=True).returncode:
        run([*sync, requirements], env)
    run([poetry, "install", "--quiet", "--only-root"], env)


def install(poetry: Path, env: dict[str, str]) -> None:
    """With uv if there is one and it can, else with Poetry alone."""
    if uv := shutil.which("uv"):
        try:
            return install_with_uv(uv, poetry, env)
        except InstallError as error:
            print(f"{error} Poetry takes over.", file=sys.stderr, flush=True)
    run([poetry, "sync", "--all-groups"], env)


def main(words: list[str]) -> int:
    if sys.version_info < OLDEST:
        print(f"Python 3.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    try:
        poetry, env = find_poetry(), environment(index_settings())
        if words:
            run([poetry, *words], env)
        else:
            install(poetry, env)
            print("The environment .venv holds what poetry.lock names.", flush=True)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
