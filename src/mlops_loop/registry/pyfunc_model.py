"""The bundle in the form that MLflow keeps: no pickle, no guessing of requirements."""

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ..bundle import Bundle
from .tracking import quiet_mlflow

# What the loader imports, and no more: the requirements of a service.
_REQUIREMENTS = (
    "mlflow",
    "msgspec",
    "numpy",
    "onnxruntime",
    "pandas",
    "pydantic",
    "pydantic-settings",
    "pyyaml",
)


def save_pyfunc(bundle: Bundle, directory: Path) -> None:
    """Write an MLflow model that answers with the bundle, the package's code included."""
    with quiet_mlflow():
        from mlflow import pyfunc

        from ..contract.mlflow_signature import mlflow_signature
        from . import pyfunc_loader

        pyfunc.save_model(
            path=str(directory),
            loader_module=pyfunc_loader.__name__,
            data_path=str(bundle.directory),
            code_paths=_code(bundle.manifest.features_module),
            signature=mlflow_signature(bundle.contract),
            # Naming them spares MLflow a run of the model to find them out.
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        )


def _code(features_module: str) -> list[str]:
    """Folders of the packages that the model needs: the library, and the project's own."""
    packages = [__name__.partition(".")[0], features_module.partition(".")[0]]
    specs = [find_spec(package) for package in packages if package]
    return [folder for spec in specs if spec for folder in spec.submodule_search_locations or ()]
