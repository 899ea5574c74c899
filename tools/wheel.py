"""Build the library into the wheel that rendered projects carry, and enter it into their lock.

A wheel with new contents gets a new version (0.1.0.dev2 after 0.1.0.dev1): Poetry compares
versions, so that an environment would keep an older wheel of the same one. Nothing is resolved:
where the requirements of the library have changed, this says that `make lock` is due.
"""

import argparse
import hashlib
import json
import re
import sys
import tempfile
import tomllib
import zipfile
from collections import defaultdict
from email.message import Message
from email.parser import Parser
from pathlib import Path

from poetry.core.factory import Factory
from poetry.core.masonry.builders.wheel import WheelBuilder
from poetry.core.packages.dependency import Dependency

import toolbox
from superset import LIBRARY, groups_of_library, superset_hash
from variants import Template

PYPROJECT = toolbox.ROOT / "pyproject.toml"
PROJECT = toolbox.TEMPLATE / "pyproject.toml"
LOCK = toolbox.TEMPLATE / "poetry.lock"
VENDOR = toolbox.TEMPLATE / "vendor"
DEVELOPMENT = re.compile(r"(?P<release>.+\.dev)(?P<number>\d+)")
PACKAGE = "[[package]]\n"


class VersionError(Exception):
    """The version does not allow new contents; the text says what to do."""


def build(directory: Path, root: Path = toolbox.ROOT) -> Path:
    """The wheel of the library as it stands, in a folder."""
    return directory / WheelBuilder.make_in(Factory().create_poetry(root), directory)


def vendored() -> Path | None:
    """The wheel that the template carries, if it carries one."""
    return next(iter(sorted(VENDOR.glob("*.whl"))), None)


def record(wheel: Path) -> str:
    """The contents of a wheel: names, hashes and sizes, whatever compressed it."""
    return _metadata(wheel, "RECORD")


def _metadata(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        found = [each for each in archive.namelist() if each.endswith(f".dist-info/{name}")]
        return archive.read(found[0]).decode("utf-8")


def library_version() -> str:
    version: str = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]
    return version


def next_version(version: str) -> str:
    """The development version after one, or VersionError for a release."""
    found = DEVELOPMENT.fullmatch(version)
    if found is None:
        raise VersionError(
            f"The library has changed since {version} was built, which is not a development "
            "version: raise the version in pyproject.toml to the next one, with '.dev1' behind it."
        )
    return f"{found['release']}{int(found['number']) + 1}"


def replace(path: Path, pattern: str, text: str) -> None:
    """Replace every match of a pattern in a file; there has to be one."""
    content, count = re.subn(pattern, text, path.read_text(encoding="utf-8"))
    if not count:
        raise ValueError(f"{path} holds nothing like {pattern}")
    path.write_text(content, encoding="utf-8", newline="\n")


def renew(directory: Path) -> str:
    """Bring the wheel up to date with the source; a sentence about it."""
    old, built = vendored(), build(directory)
    if old is not None and old.name == built.name:
        if record(old) == record(built):
            return f"{old.name} is up to date."
        version = next_version(library_version())
        replace(PYPROJECT, r'(?m)^version = ".*"$', f'version = "{version}"')
        built = build(directory)
    if old is not None:
        old.unlink()
    VENDOR.mkdir(exist_ok=True)
    wheel = VENDOR / built.name
    wheel.write_bytes(built.read_bytes())
    replace(PROJECT, r"vendor/[^\"]+\.whl", f"vendor/{wheel.name}")
    replace(PROJECT, r'(\[tool\.mlops-loop\]\nversion = )".*"', rf'\g<1>"{library_version()}"')
    lock = with_library(LOCK.read_text(encoding="utf-8"), wheel)
    LOCK.write_text(lock, encoding="utf-8", newline="\n")
    due = superset_hash(Template()) not in lock
    return f"{wheel.name} is built." + (
        " Requirements have changed: run 'make lock ARGS=--keep'." if due else ""
    )


def with_library(lock: str, wheel: Path) -> str:
    """The lock of all options with the library in it, in the place that Poetry gives it."""
    own = entry(wheel, groups_of_library(Template()))
    head, *packages, metadata = _parts(without_library(lock))
    return "".join([head, *sorted([*packages, PACKAGE + own], key=_name), metadata])


def without_library(lock: str) -> str:
    """The lock of all options as it was resolved."""
    return "".join(part for part in _parts(lock) if _name(part) != LIBRARY)


def _parts(lock: str) -> list[str]:
    """What stands before the packages of a lock, each of them, and its metadata."""
    return re.split(r"^(?=\[\[package\]\]$|\[metadata\]$)", lock, flags=re.MULTILINE)


def _name(package: str) -> str:
    return package.partition('name = "')[2].partition('"')[0]


def entry(wheel: Path, groups: list[str]) -> str:
    """The library's entry of a lock, as Poetry writes it."""
    about = Parser().parsestr(_metadata(wheel, "METADATA"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"""name = "{LIBRARY}"
version = "{about["Version"]}"
description = {json.dumps(about["Summary"])}
optional = false
python-versions = "{about["Requires-Python"]}"
groups = {json.dumps(groups)}
files = [
    {{file = "{wheel.name}", hash = "sha256:{digest}"}},
]

[package.dependencies]
{_dependencies(about)}
[package.extras]
{_extras(about)}
[package.source]
type = "file"
url = "vendor/{wheel.name}"

"""


def _requirements(about: Message) -> list[Dependency]:
    found = [Dependency.create_from_pep_508(each) for each in about.get_all("Requires-Dist", [])]
    return sorted(found, key=lambda each: each.name)


def _dependencies(about: Message) -> str:
    """One line for each distribution; one that stands in several extras has a list."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for each in _requirements(about):
        wanted[each.name].append(_constraint(each))
    lines = []
    for name, constraints in wanted.items():
        several = "[\n" + "".join(f"    {each},\n" for each in constraints) + "]"
        lines.append(f"{name} = {constraints[0] if len(constraints) == 1 else several}\n")
    return "".join(lines)


def _constraint(requirement: Dependency) -> str:
    version = json.dumps(requirement.pretty_constraint)
    if not requirement.in_extras:
        return version
    marker = json.dumps(str(requirement.marker))
    extras = f"extras = {json.dumps(sorted(requirement.extras))}, " if requirement.extras else ""
    return f"{{version = {version}, {extras}optional = true, markers = {marker}}}"


def _extras(about: Message) -> str:
    lines = []
    for extra in about.get_all("Provides-Extra", []):
        of_extra = [each for each in _requirements(about) if extra in each.in_extras]
        lines.append(f"{extra} = {json.dumps([_without_extra(each) for each in of_extra])}\n")
    return "".join(lines)


def _without_extra(requirement: Dependency) -> str:
    name = requirement.to_pep_508(with_extras=False).partition(" ;")[0]
    marker = requirement.marker.without_extras()
    return name if marker.is_any() else f"{name} ; {marker}"


def main() -> int:
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    with tempfile.TemporaryDirectory() as directory:
        try:
            print(renew(Path(directory)))
        except VersionError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
