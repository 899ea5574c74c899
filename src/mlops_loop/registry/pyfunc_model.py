"""The bundle in the form that MLflow keeps: no pickle, no guessing of requirements."""

from importlib.metadata import version
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
    package = Path(__file__).parents[1]
    with quiet_mlflow():
        from mlflow import pyfunc

        from ..contract.mlflow_signature import mlflow_signature

        pyfunc.save_model(
            path=str(directory),
            loader_module=f"{__package__}.pyfunc_loader",
            data_path=str(bundle.directory),
            code_paths=[str(package)],
            signature=mlflow_signature(bundle.contract),
            # Naming them spares MLflow a run of the model to find them out.
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIREMENTS],
        )
