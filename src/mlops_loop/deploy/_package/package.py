"""Makes the package of a deployment target: complete or not at all, the same bytes each time."""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..._atomic import atomic_folder, atomic_write
from ..._packaging import Environment
from ..._project import Project
from ...errors import InputError
from .contents import write_image_context, write_source
from .dependencies import install_dependencies
from .files import paths_below, set_permissions, write_zip
from .models import Models, served_models
from .targets import Target, format_size

# Describes the package, in the package.
DESCRIPTION = "deployment.json"
LISTED = 8


@dataclass(frozen=True)
class Package:
    """A package that was made.

    Attributes:
        target: name of the deployment target.
        path: the folder, or the zip.
        size: bytes of all files, unpacked.
        zip_size: bytes of the zip; None for a folder.
        files: number of files.
        contents: bytes by file or folder at the top of the package.
        models: versions in the package, by role.
        models_from: where the service finds its models: a folder of the package or image, or a URL;
            None without models.
    """

    target: str
    path: Path
    size: int
    zip_size: int | None
    files: int
    contents: dict[str, int]
    models: dict[str, str]
    models_from: str | None

    def to_json(self) -> dict[str, Any]:
        """The document of `deploy package --json`."""
        return {**asdict(self), "path": str(self.path)}

    def messages(self) -> list[str]:
        """What the package is, as lines of text."""
        zipped = "" if self.zip_size is None else f", zipped {format_size(self.zip_size)}"
        largest = Counter(self.contents).most_common(LISTED)
        listed = ", ".join(f"{name} {format_size(size)}" for name, size in largest)
        more = len(self.contents) - len(largest)
        return [
            f"{self.path}: {self.files:,} files, {format_size(self.size)}{zipped}",
            f"contents: {listed}" + (f", and {more} more" if more else ""),
            f"models: {self._models()}",
        ]

    def _models(self) -> str:
        if self.models_from is None:
            return "none"
        versions = [f"{role} {version}" for role, version in self.models.items()]
        return f"{', '.join(versions) or 'fetched'} from {self.models_from}"


def make_package(
    project: Project,
    target: Target,
    environment: Environment,
    output: Path,
    *,
    with_models: bool = True,
    zipped: bool = False,
) -> Package:
    """Make the package of a deployment target.

    Args:
        project: its code, configuration and published models go into the package.
        environment: exports the locked requirements.
        output: the folder or zip to make; a package that is there is replaced.
        with_models: whether models are included, if `bundle_store` is a folder.
        zipped: whether to make a zip instead of a folder.

    Raises:
        InputError: if something is missing, or the platform would reject the package.
    """
    if zipped and not target.takes_zip:
        raise InputError(f"{target.name} takes no zip: leave out --zip")
    require_replaceable(output)
    models = served_models(project) if with_models else Models()
    with drafted(output, zipped) as draft:
        if target.builds_image and not zipped:
            models_from = write_image_context(project, target, models, draft)
        else:
            models_from = write_source(project.root, target, models, environment, draft)
        if zipped and target.installed:
            install_dependencies(draft)
        sizes = complete(draft, target.name, models.versions, models_from)
        if zipped or not target.builds_image:
            target.limits.check(target.name, sizes)
    contents: Counter[str] = Counter()
    for path, size in sizes.items():
        contents[path.partition("/")[0]] += size
    return Package(
        target=target.name,
        path=output,
        size=sum(sizes.values()),
        zip_size=output.stat().st_size if zipped else None,
        files=len(sizes),
        contents=dict(contents),
        models=models.versions,
        models_from=models_from,
    )


def complete(
    draft: Path, target: str, models: dict[str, str], models_from: str | None
) -> dict[str, int]:
    """Write the description, and let every user read the files; bytes by path."""
    description = {"target": target, "models": models, "models_from": models_from}
    text = json.dumps(description, indent=2) + "\n"
    (draft / DESCRIPTION).write_text(text, encoding="utf-8", newline="\n")
    set_permissions(draft)
    return {path: (draft / path).stat().st_size for path in paths_below(draft)}


def require_replaceable(output: Path) -> None:
    """Require that a path is free, or holds a package.

    Raises:
        InputError: if something else would be deleted.
    """
    if zipfile.is_zipfile(output):
        with zipfile.ZipFile(output) as archive:
            is_package = DESCRIPTION in archive.namelist()
    else:
        is_package = (output / DESCRIPTION).is_file()
    if output.exists() and not is_package:
        raise InputError(f"{output} exists and is not a package: choose another --output")


@contextmanager
def drafted(output: Path, zipped: bool) -> Iterator[Path]:
    """A folder to fill, which then becomes the output, or is zipped to it."""
    if not zipped:
        with atomic_folder(output) as draft:
            yield draft
        return
    with TemporaryDirectory(prefix="package-") as folder, atomic_write(output) as file:
        yield Path(folder)
        write_zip(Path(folder), file)
