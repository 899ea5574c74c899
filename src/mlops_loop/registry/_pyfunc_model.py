"""The bundle as an MLflow model, without pickle and with explicit requirements."""

import shutil
import sysconfig
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from .._bundle import Bundle
from .._native_session import foreign_types
from .._packaging.wheel_file import DISTRIBUTION, PACKAGE
from ._tracking import quiet_mlflow

# What the loader imports: the requirements of a service.
_REQUIREMENTS = (
    "mlflow",
    "msgspec",
    "numpy",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "pydantic",
    "pydantic-settings",
    "pyyaml",
)
_NATIVE_REQUIREMENTS = ("scikit-learn", "skops", "threadpoolctl")

# Path of the library's wheel in the MLflow model, as in its requirements.
WHEELS = "wheels"


def save_pyfunc(bundle: Bundle, directory: Path, wheel: Path | None) -> None:
    """Write an MLflow model of the bundle, with the code that it needs.

    Args:
        bundle: the model.
        directory: output folder, which must not exist.
        wheel: wheel of the library; None copies the code of the library instead.
    """
    packages = [bundle.manifest.features_module.partition(".")[0]]
    names = list(_REQUIREMENTS)
    if bundle.manifest.form == "skops":
        foreign = {name.partition(".")[0] for name in foreign_types(bundle.manifest.types, ())}
        own, others = _own_and_others(foreign.difference(packages))
        packages += sorted(own)
        names += [*_NATIVE_REQUIREMENTS, *sorted(others)]
    requirements = [f"{name}=={version(name)}" for name in names]
    if wheel is None:
        packages.append(__name__.partition(".")[0])
    else:
        # MLflow installs requirements from the folder of the model.
        requirements.append(f"{WHEELS}/{wheel.name}")
    with quiet_mlflow():
        from mlflow import pyfunc

        from ..contract._mlflow_signature import mlflow_signature
        from . import _pyfunc_loader as pyfunc_loader

        pyfunc.save_model(
            path=str(directory),
            loader_module=pyfunc_loader.__name__,
            data_path=str(bundle.directory),
            code_paths=[folder for package in packages if package for folder in _folders(package)],
            signature=mlflow_signature(bundle.contract),
            # Otherwise MLflow runs the model to infer them.
            pip_requirements=requirements,
        )
    if wheel is not None:
        (directory / WHEELS).mkdir()
        shutil.copy(wheel, directory / WHEELS)


def _own_and_others(packages: set[str]) -> tuple[set[str], set[str]]:
    """Packages that are the project's own, and the distributions that the others are from."""
    own = {name for name in packages if not any(map(_is_installed, _folders(name)))}
    distributions = packages_distributions() if packages - own else {}
    return own, {distributions[name][0] for name in packages - own}


def _is_installed(folder: str) -> bool:
    return Path(folder).is_relative_to(sysconfig.get_path("purelib"))


def vendored_wheel(root: Path) -> Path | None:
    """The wheel in `vendor/` that the library was installed from.

    None if the library runs from source, e.g. after `library eject`.
    """
    if Path(__file__).parents[2] != Path(sysconfig.get_path("purelib")):
        return None
    wheel = root / "vendor" / f"{PACKAGE}-{version(DISTRIBUTION)}-py3-none-any.whl"
    return wheel if wheel.is_file() else None


def _folders(package: str) -> list[str]:
    """Where a package, or a module that is one file, lies."""
    spec = find_spec(package)
    if spec is None:
        return []
    return list(spec.submodule_search_locations or [str(spec.origin)])
