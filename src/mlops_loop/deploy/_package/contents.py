"""What goes into a package besides the models: an image's build context, or source files."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from ..._packaging import Environment, write_requirements
from ..._project import Project
from ...errors import InputError
from .files import copy_file, copy_files, is_source, write_tar
from .models import Models
from .targets import FOLDER, Target

DOCKERFILE, DOCKERIGNORE = "Dockerfile", ".dockerignore"
REQUIREMENTS = "requirements.txt"
# Where the models are in the context, and in the image: not in var/, which a volume may hide.
CONTEXT_MODELS = "bundles"
IMAGE_MODELS = "/app/bundles"
# The archive of SageMaker, and where it unpacks it.
MODEL_ARCHIVE = "model.tar.gz"
UNPACKED_MODELS = "/opt/ml/model"
# Files in the folder of a target that people and Terraform read, and no platform.
_NOT_SENT = re.compile(r"README\.md|(.*/)?(\.?terraform|[^/]*\.(tf|tfvars|hcl|tfstate))(/.*|\..*)?")


def write_image_context(
    project: Project, target: Target, models: Models, draft: Path
) -> str | None:
    """Write the build context of the service's image, with its Dockerfile.

    Args:
        project: its `.dockerignore` says which files are sent.
        target: says where the models go.
        models: are copied into the image by lines at the end of the Dockerfile, or in an archive.
        draft: folder to write to.

    Returns:
        Where the service finds the models; None without models.
    """
    root = project.root
    if not (root / DOCKERFILE).is_file():
        raise InputError(f"{root / DOCKERFILE} is missing: `docs deployment` says how to add it")
    for path in sent_to_builder(root):
        copy_file(root / path, draft / path)
    if not models.bundles:
        return models.url
    if target.archives_models:
        with TemporaryDirectory(prefix="models-") as folder:
            models.write(Path(folder))
            write_tar(Path(folder), draft / MODEL_ARCHIVE)
        return UNPACKED_MODELS
    models.write(draft / CONTEXT_MODELS)
    with (draft / DOCKERFILE).open("a", encoding="utf-8", newline="\n") as file:
        file.write(
            "\n# Written by `deploy package`: the models that serve.\n"
            f"COPY {CONTEXT_MODELS} {IMAGE_MODELS}\n"
            f"ENV {project.env_prefix}BUNDLE_STORE={IMAGE_MODELS}\n"
        )
    return IMAGE_MODELS


def sent_to_builder(root: Path) -> list[str]:
    """The files that `.dockerignore` sends to the builder of an image, and the Dockerfile.

    Raises:
        InputError: if there is no `.dockerignore`, as then everything would be sent.
    """
    from docker.utils import exclude_paths

    file = root / DOCKERIGNORE
    if not file.is_file():
        raise InputError(
            f"{file} is missing: without it, data and secrets would be sent to the builder as well"
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line.strip() and not line.startswith("#")]
    paths = exclude_paths(str(root), patterns, DOCKERFILE)
    return sorted(path for path in paths - {DOCKERIGNORE} if (root / path).is_file())


def write_source(
    root: Path, target: Target, models: Models, environment: Environment, draft: Path
) -> str | None:
    """Write code, configuration, locked requirements, and the files of the target at the top.

    The wheel of the library is included, as `requirements.txt` names it by a relative path.

    Returns:
        Where the service finds the models; None without models.
    """
    for name in ("src", "config", "vendor"):
        if not (root / name).is_dir():
            raise InputError(f"{root / name} is missing: run the command in the project's folder")
        copy_files(root / name, draft / name)
    copy_files(
        root / FOLDER / target.name,
        draft,
        lambda path: is_source(path) and not _NOT_SENT.fullmatch(path),
    )
    write_requirements(environment, draft / REQUIREMENTS)
    if not models.bundles:
        return models.url
    models.write(draft / models.folder)
    return models.folder
