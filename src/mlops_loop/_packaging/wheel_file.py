"""Wheels of the library: metadata, unpacking and packing."""

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

from ..errors import InputError

DISTRIBUTION = "mlops-loop"
PACKAGE = "mlops_loop"
# Packing the same files twice gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class WheelFile:
    """A wheel of the library.

    Attributes:
        version: version from the metadata.
        requirements: required Python and packages, by extra.
        extras: the names of its extras.
        sha256: digest of the file.
    """

    path: Path
    version: str
    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name


def read_wheel(path: Path) -> WheelFile:
    """Read the metadata of a wheel.

    Raises:
        InputError: if the file is not a wheel of this library.
    """
    try:
        about = Parser().parsestr(metadata(path, "METADATA").decode("utf-8"))
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise InputError(f"{path} cannot be read as a wheel: {error}") from error
    if about["Name"] != DISTRIBUTION:
        raise InputError(f"{path} is a wheel of {about['Name']}, expected {DISTRIBUTION}")
    extras = about.get_all("Provides-Extra", [])
    asked = [*about.get_all("Requires-Python", []), *about.get_all("Requires-Dist", []), *extras]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return WheelFile(path, about["Version"], tuple(sorted(asked)), tuple(extras), digest)


def metadata(path: Path, name: str) -> bytes:
    """A file of the wheel's metadata."""
    with zipfile.ZipFile(path) as archive:
        for each in archive.namelist():
            if each.endswith(f".dist-info/{name}"):
                return archive.read(each)
    raise KeyError(f"missing {name}")


def unpack(wheel: WheelFile, folder: Path) -> None:
    """Extract the package of a wheel, without metadata, into a folder."""
    with zipfile.ZipFile(wheel.path) as archive:
        members = [each for each in archive.namelist() if each.startswith(f"{PACKAGE}/")]
        archive.extractall(folder, members)


def pack(source: Path, origin: WheelFile, version: str, folder: Path) -> WheelFile:
    """Build a wheel from an unpacked package, with the metadata of its origin and a new version.

    Args:
        source: folder that contains the package.
        folder: folder for the wheel.
    """
    about = f"{PACKAGE}-{version}.dist-info"
    files = {
        path.relative_to(source).as_posix(): path.read_bytes()
        for path in sorted((source / PACKAGE).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    text = metadata(origin.path, "METADATA").decode("utf-8")
    text = text.replace(f"\nVersion: {origin.version}\n", f"\nVersion: {version}\n", 1)
    files[f"{about}/METADATA"] = text.encode("utf-8")
    for name in ("WHEEL", "licenses/LICENSE"):
        files[f"{about}/{name}"] = metadata(origin.path, name)
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""]).encode("utf-8")
    path = folder / f"{PACKAGE}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), content, zipfile.ZIP_DEFLATED)
    return read_wheel(path)


def _digest(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
