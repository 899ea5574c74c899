"""The deployment targets: what each takes, and the limits that can be checked beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError

FOLDER = "deploy"
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What a platform accepts of a package.

    Attributes:
        size: bytes of all files, unpacked.
        files: number of files.
        file_size: bytes of one file.
        remedy: what to do about a package that is too large.
    """

    size: float = float("inf")
    files: float = float("inf")
    file_size: float = float("inf")
    remedy: str = "make the model smaller, or fetch it from a bundle_store with a URL"

    def check(self, name: str, sizes: Mapping[str, int]) -> None:
        """Check the files of a package.

        Args:
            name: name of the target.
            sizes: bytes by path.

        Raises:
            InputError: if the platform would reject them.
        """
        total = sum(sizes.values())
        largest = max(sizes, key=lambda path: sizes[path])
        if total > self.size:
            problem = f"{format_size(total)} unpacked (limit {format_size(self.size)})"
        elif len(sizes) > self.files:
            problem = f"{len(sizes):,} files (limit {self.files:,})"
        elif sizes[largest] > self.file_size:
            size = format_size(sizes[largest])
            problem = f"{largest} with {size} (limit {format_size(self.file_size)})"
        else:
            return
        raise InputError(f"{name} would reject this package, which has {problem}: {self.remedy}")


@dataclass(frozen=True)
class Target:
    """A deployment target.

    Attributes:
        name: name of its folder below `deploy/`.
        builds_image: whether it takes an image, built from a Dockerfile and its context; else it
            takes source files and installs `requirements.txt` itself.
        takes_zip: whether it takes a zip of source files.
        installed: whether that zip contains the dependencies, installed.
        archives_models: whether the platform gets the models of an image in an archive.
        limits: limits of the source files; an image has none that can be known before it is built.
    """

    name: str
    builds_image: bool = True
    takes_zip: bool = False
    installed: bool = False
    archives_models: bool = False
    limits: Limits = Limits()


TARGETS = {
    target.name: target
    for target in (
        Target("docker"),
        Target("kubernetes"),
        Target(
            "aws_lambda",
            takes_zip=True,
            installed=True,
            limits=Limits(size=250 * 1024 * 1024, remedy="deploy the image instead of a zip"),
        ),
        Target("aws_sagemaker", archives_models=True),
        Target("google_cloud_run"),
        Target("google_cloud_function", builds_image=False, takes_zip=True),
        Target(
            "google_app_engine",
            builds_image=False,
            limits=Limits(files=10_000, file_size=32 * MEGABYTE),
        ),
        Target("heroku", builds_image=False, limits=Limits(size=500 * MEGABYTE)),
    )
}


def find_target(root: Path, name: str | None = None) -> Target:
    """The deployment target of a project.

    Args:
        root: the project's folder.
        name: name of one of its targets; None if it has only one.

    Raises:
        InputError: if the project does not have it, has none, or has several and none is named.
    """
    present = [each for each in TARGETS if (root / FOLDER / each).is_dir()]
    if name is None and len(present) == 1:
        return TARGETS[present[0]]
    if name in present:
        return TARGETS[name]
    how = "`docs deployment` says how to add one"
    if name is not None:
        raise InputError(f"the project has no folder {FOLDER}/{name}: {how}")
    if not present:
        raise InputError(f"the project has no deployment target in {FOLDER}/: {how}")
    raise InputError(
        f"the project has several deployment targets: name one of {', '.join(present)}"
    )


def format_size(size: float) -> str:
    """A size in the unit that suits it.

    Examples:
        >>> format_size(70), format_size(1_234), format_size(262_144_000)
        ('70 B', '1.2 kB', '262.1 MB')
    """
    if size < 1_000:
        return f"{size:.0f} B"
    return f"{size / 1e3:.1f} kB" if size < MEGABYTE else f"{size / MEGABYTE:,.1f} MB"
