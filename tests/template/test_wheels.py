"""Nobody has to build what they install: the lock holds wheels wherever a package is wanted."""

from typing import Any

import pytest

import wheels

EVERY_PLATFORM = [
    "a-1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "a-1.0-cp311-abi3-macosx_11_0_arm64.whl",
    "a-1.0-cp311-abi3-win_amd64.whl",
]


def package(*files: str, markers: str | dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"name": "a", "version": "1.0", "groups": ["main", "dev"]}
    found["files"] = [{"file": file} for file in ("a-1.0.tar.gz", *files)]
    return found if markers is None else {**found, "markers": markers}


def missing(*files: str, markers: str | dict[str, str] | None = None) -> list[str]:
    found = wheels.gaps([package(*files, markers=markers)], ["3.11", "3.14"])
    return [line.removeprefix("a 1.0: no wheel for Python ") for line in found]


def test_every_locked_package_has_wheels() -> None:
    assert wheels.complaints() == []


def test_wheels_of_one_file_or_of_each_platform_are_enough() -> None:
    assert missing("a-1.0-py3-none-any.whl") == []
    assert missing(*EVERY_PLATFORM) == []


def test_a_gap_names_package_python_and_platform() -> None:
    assert missing(*EVERY_PLATFORM[:2]) == ["3.11 on Windows x86_64", "3.14 on Windows x86_64"]
    only = EVERY_PLATFORM[2].replace("abi3", "cp311")
    assert "3.14 on Windows x86_64" in missing(*EVERY_PLATFORM[:2], only)
    assert len(missing()) == 2 * len(wheels.PLATFORMS)


@pytest.mark.parametrize(
    "wheel",
    [
        "a-1.0-cp311-abi3-manylinux_2_39_x86_64.whl",
        "a-1.0-cp311-abi3-musllinux_1_2_x86_64.whl",
        "a-1.0-cp311-abi3-manylinux_2_17_aarch64.whl",
        "a-1.0-cp314-cp314t-manylinux_2_17_x86_64.whl",
        "a-1.0-pp311-pypy311_pp73-manylinux_2_17_x86_64.whl",
    ],
)
def test_wheels_for_others_do_not_count(wheel: str) -> None:
    assert any("Linux" in line for line in missing(*EVERY_PLATFORM[1:], wheel))


def test_a_marker_carries_an_exception_if_every_group_has_it() -> None:
    markers = 'sys_platform != "win32"'
    assert missing(*EVERY_PLATFORM[:2], markers=markers) == []
    assert missing(*EVERY_PLATFORM[:2], markers={"main": markers, "dev": markers}) == []
    assert len(missing(*EVERY_PLATFORM[:2], markers={"main": markers})) == 2


def test_exceptions_that_are_not_needed_are_named() -> None:
    name = next(iter(wheels.SOURCE_ONLY))
    packages = [{**package("a-1.0-py3-none-any.whl"), "name": name}]
    assert any(line.startswith(f"{name}: has wheels") for line in wheels.stale(packages))
