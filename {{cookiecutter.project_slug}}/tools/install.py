"""Install what poetry.lock names into .venv, from the package index that pip is configured with.

`make install` runs this. Poetry by itself (`poetry install`) does the same wherever PyPI, or an
index that speaks PyPI's JSON, can be reached; indexes that offer nothing but the plain "simple"
pages need a Poetry plugin, which this brings along in the git-ignored folder .tools when the
Poetry on PATH lacks it. Where uv is present it installs the same lock faster.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = 11
PLUGINS = ("poetry-plugin-export", "poetry-plugin-pypi-mirror")
TOOLS = ("poetry==2.5.1", "poetry-plugin-export==1.10.1", "poetry-plugin-pypi-mirror==0.6.5")
DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


class InstallError(Exception):
    """Something is missing; the text says what to do."""


def output(command: list[str | Path], env: dict[str, str] | None = None) -> str:
    """What a command prints, or nothing where it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def run(command: list[str | Path], env: dict[str, str], cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, env=env)
    if done.returncode:
        name = " ".join([Path(command[0]).name, *map(str, command[1:3])])
        raise InstallError(f"'{name}' ended with exit code {done.returncode}; its reason is above.")


def executable(environment: Path, name: str) -> Path:
    """A program inside a virtual environment."""
    windows = os.name == "nt"
    return environment / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name)


def package_index(python: Path) -> str:
    """The index that pip is configured with: environment, configuration files, its own default."""
    return (
        os.environ.get("PIP_INDEX_URL", "")
        or output([python, "-m", "pip", "config", "get", "global.index-url"])
        or output([python, "-c", DEFAULT_INDEX])
    )


def index_settings(python: Path) -> dict[str, str]:
    """Environment variables that send Poetry and uv to pip's index; what is set already wins."""
    index = package_index(python)
    wanted = {"POETRY_PYPI_MIRROR_URL": index, "UV_DEFAULT_INDEX": index}
    return {key: value for key, value in wanted.items() if value and key not in os.environ}


def surroundings(settings: dict[str, str]) -> dict[str, str]:
    """The environment of the tools: no foreign virtual environment, no question, no download."""
    foreign = {"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYTHONHOME", "PYTHONPATH"}
    env = {key: value for key, value in os.environ.items() if key not in foreign}
    fixed = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "UV_PYTHON_DOWNLOADS": "never"}
    return {**env, **settings, **fixed, "POETRY_NO_INTERACTION": "1", "PIP_NO_INPUT": "1"}


def supported() -> tuple[int, int]:
    """The oldest and the newest minor version in requires-python, which is like `>=3.11,<3.15`."""
    import tomllib

    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest, beyond = pyproject["project"]["requires-python"].split(",")
    return int(oldest.removeprefix(">=3.")), int(beyond.removeprefix("<3.")) - 1


def find_python(oldest: int, newest: int) -> Path:
    """The Python that runs this, or the first on PATH that the project supports."""
    if oldest <= sys.version_info.minor <= newest:
        return Path(getattr(sys, "_base_executable", sys.executable))
    probe = "import sys; print(sys.executable if sys.version_info[:2] == (3, %d) else '')"
    for minor in range(newest, oldest - 1, -1):
        found = output([f"python3.{minor}", "-c", probe % minor])
        if found:
            return Path(found)
    raise InstallError(
        f"This project needs Python 3.{oldest} to 3.{newest}; python3 is "
        f"{sys.version_info.major}.{sys.version_info.minor} and no other was found on PATH."
    )


def make_environment(
    directory: Path, requirements: list[str], fingerprint: str, enough: tuple[str, ...] = ()
) -> bool:
    """Make a virtual environment for tools, unless one with this (or enough) stands there.

    The fingerprint says what is in it; the answer whether it had to be made.
    """
    mark = directory / "installed.txt"
    if mark.is_file() and mark.read_text(encoding="utf-8") in (fingerprint, *enough):
        return False
    venv.create(directory, clear=True, with_pip=True)
    pip: list[str | Path] = [executable(directory, "python"), "-m", "pip", "install", "-qq"]
    run([*pip, "--disable-pip-version-check", *requirements], surroundings({}))
    mark.write_text(fingerprint, encoding="utf-8")
    return True


def has_plugins(poetry: Path) -> bool:
    """Whether a Poetry can export and use mirrors; asking leaves no trace in its settings."""
    with tempfile.TemporaryDirectory() as settings:
        env = {**os.environ, "POETRY_CONFIG_DIR": settings}
        listed = output([poetry, "self", "show", "plugins"], env)
    return all(plugin in listed for plugin in PLUGINS)


def own_poetry() -> Path:
    """A Poetry with all plugins, in the project's .tools."""
    print("Poetry comes from .tools, which is set up once", flush=True)
    make_environment(ROOT / ".tools", list(TOOLS), "\n".join([sys.version, *TOOLS]))
    return executable(ROOT / ".tools", "poetry")


def find_poetry() -> Path:
    """The Poetry on PATH if it has the plugins, else one of the project's own."""
    found = shutil.which("poetry")
    return Path(found) if found and has_plugins(Path(found)) else own_poetry()


def install_with_uv(uv: str, python: Path) -> None:
    """Export the lock, let uv bring the environment to exactly that, and add the project.

    Poetry and pip take their time to start, so they do it side by side.
    """
    env = surroundings({})
    target = executable(ROOT / ".venv", "python").relative_to(ROOT)
    fresh = not (ROOT / target).exists()
    if fresh:
        run([uv, "venv", "--quiet", "--python", python, ".venv"], env)
    requirements = Path(".venv", "requirements.txt")
    export: list[str | Path] = ["export", "--quiet", "--all-groups", "--output", requirements]
    with ThreadPoolExecutor() as pool:
        settings = pool.submit(index_settings, python)
        found = shutil.which("poetry")
        poetry = Path(found) if found else own_poetry()
        root: list[str | Path] = [poetry, "install", "--quiet", "--only-root"]
        # Into an empty environment the project goes first: uv is to add there, not to remove.
        adding = pool.submit(run, root, env) if fresh else None
        # Whether a Poetry can export is found out by exporting: asking takes as long.
        if subprocess.run([poetry, *export], cwd=ROOT, env=env, capture_output=True).returncode:
            run([own_poetry(), *export], env)
    env = surroundings(settings.result())
    how = ["install", "--no-deps", "--requirement"] if fresh else ["sync"]
    quiet = [] if sys.stderr.isatty() else ["--quiet"]
    pip: list[str | Path] = [uv, "pip", how[0], "--require-hashes", "--python", target, *quiet]
    run([*pip, *how[1:], requirements], env)
    if adding is None:
        run(root, env)
    else:
        adding.result()


def install_with_poetry(python: Path) -> None:
    poetry = find_poetry()
    env = surroundings(index_settings(python))
    run([poetry, "env", "use", "--quiet", python], env)
    run([poetry, "sync", "--all-groups"], env)


def install() -> None:
    python = find_python(*supported())
    uv = shutil.which("uv")
    try:
        if uv is None:
            install_with_poetry(python)
        else:
            install_with_uv(uv, python)
    except InstallError as error:
        if uv is None:
            raise
        # The fast way must not be the only one: what uv cannot do, or crashes at, Poetry may.
        print(f"{error} Poetry takes over.", file=sys.stderr, flush=True)
        install_with_poetry(python)
    print("The environment .venv holds what poetry.lock names.", flush=True)


def main() -> int:
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    if sys.version_info < (3, OLDEST):
        print(f"Python 3.{OLDEST} or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    try:
        install()
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
