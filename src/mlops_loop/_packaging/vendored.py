"""The wheel in a project's `vendor/`, and its entries in pyproject.toml and poetry.lock."""

import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import InputError
from .wheel_file import DISTRIBUTION, WheelFile, read_wheel

_ENTRY = re.compile(
    rf'^\[\[package\]\]\nname = "{DISTRIBUTION}"\n(?:(?!\[\[package\]\]|\[metadata\]).*\n)*',
    re.MULTILINE,
)


class VendoredLibrary:
    """The library that a project depends on by path.

    Args:
        root: the project's folder.
    """

    def __init__(self, root: Path) -> None:
        self._pyproject = root / "pyproject.toml"
        self._lock = root / "poetry.lock"
        self._folder = root / "vendor"

    @property
    def wheel(self) -> WheelFile:
        """The wheel that pyproject.toml names.

        Raises:
            InputError: if there is none, or it cannot be read.
        """
        poetry = tomllib.loads(self._pyproject.read_text(encoding="utf-8"))["tool"]["poetry"]
        library = poetry.get("dependencies", {}).get(DISTRIBUTION, {})
        if "path" not in library:
            raise InputError(
                f"pyproject.toml does not name {DISTRIBUTION} by the path of a wheel: "
                "if it comes from an index, upgrade it with `poetry update mlops-loop`"
            )
        return read_wheel(self._pyproject.parent / library["path"])

    def replace(self, new: WheelFile) -> bool:
        """Replace the wheel.

        Returns:
            Whether the lock is still valid; otherwise the new wheel has other requirements and
            dependencies have to be resolved.
        """
        old = self.wheel
        if new.path != self._folder / new.name:
            shutil.copy(new.path, self._folder)
        if new.name != old.name:
            old.path.unlink()
        text = self._pyproject.read_text(encoding="utf-8")
        text = text.replace(f"vendor/{old.name}", f"vendor/{new.name}")
        text = re.sub(
            r'(\[tool\.mlops-loop\]\nversion = )".*"', rf'\g<1>"{new.version}"', text, count=1
        )
        self._pyproject.write_text(text, encoding="utf-8", newline="\n")
        self._replace_in_lock(new)
        return new.requirements == old.requirements

    def _replace_in_lock(self, new: WheelFile) -> None:
        lock = _ENTRY.sub(
            lambda entry: _renewed(entry[0], new), self._lock.read_text(encoding="utf-8")
        )
        pyproject = tomllib.loads(self._pyproject.read_text(encoding="utf-8"))
        digest = f'content-hash = "{content_hash(pyproject)}"'
        lock = re.sub(r'^content-hash = ".*"$', digest, lock, flags=re.MULTILINE)
        self._lock.write_text(lock, encoding="utf-8", newline="\n")

    @contextmanager
    def restored_on_error(self) -> Iterator[None]:
        """Restore pyproject.toml, poetry.lock and vendor/ if the block raises."""
        files = [self._pyproject, self._lock, *self._folder.glob("*.whl")]
        before = {path: path.read_bytes() for path in files}
        try:
            yield
        except BaseException:
            for path in self._folder.glob("*.whl"):
                if path not in before:
                    path.unlink()
            for path, content in before.items():
                path.write_bytes(content)
            raise


def _renewed(entry: str, wheel: WheelFile) -> str:
    """The lock entry for another wheel with the same requirements."""
    file = f'{{file = "{wheel.name}", hash = "sha256:{wheel.sha256}"}}'
    entry = re.sub(r'(?m)^version = ".*"$', f'version = "{wheel.version}"', entry, count=1)
    entry = re.sub(r"\{file = .*\}", file, entry, count=1)
    return re.sub(r'(?m)^url = ".*"$', f'url = "vendor/{wheel.name}"', entry, count=1)


def content_hash(pyproject: dict[str, Any]) -> str:
    """Poetry's digest of the parts of pyproject.toml that a lock depends on (Poetry 2.3)."""

    def part(table: dict[str, Any], *keys: str) -> dict[str, Any]:
        return {key: table[key] for key in keys if key in table}

    of_project = ("requires-python", "dependencies", "optional-dependencies")
    of_poetry = ("dependencies", "source", "extras", "dev-dependencies", "group")
    relevant = {
        "project": part(pyproject["project"], *of_project),
        **part(pyproject, "dependency-groups"),
        "tool": {"poetry": part(pyproject["tool"]["poetry"], *of_poetry)},
    }
    return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()
