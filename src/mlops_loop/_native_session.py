"""A fitted scikit-learn estimator that is served as it is: stored by skops, never as pickle.

A skops file names the type of every object in it, and nothing is created of a type that is not
trusted. The library trusts classes of scikit-learn, NumPy and SciPy; a project names others, e.g.
its own estimators, in `serving.trusted_types`.
"""

from collections.abc import Iterable, Sequence
from pkgutil import resolve_name
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._calibration import Calibration
from ._encoder import Matrix
from ._model_file import ModelFile
from .errors import BundleError, ExportError
from .models import predict_scores
from .models._scaled_target import ScaledTarget

_PACKAGES = ("numpy", "scipy", "sklearn")
# Of every B-spline. Other functions need to be named in the settings: a function may do anything.
_FUNCTIONS = ("scipy._lib.array_api_compat.numpy._aliases.asarray",)


class NativeSession:
    """A fitted estimator, with the calibration of its probabilities."""

    def __init__(
        self, model: ModelFile, *, threads: int = 1, trusted_types: Sequence[str] = ()
    ) -> None:
        skops = _import_skops()
        from threadpoolctl import ThreadpoolController

        if foreign := foreign_types(model.types, trusted_types):
            raise BundleError(
                f"{model.name} contains types that are not trusted: {', '.join(foreign)}; if they "
                "are yours, name them in `serving.trusted_types`"
            )
        try:
            stored = skops.loads(model.content, trusted=list(model.types))
        except Exception as error:  # an untrusted type, or whatever importing one raises
            raise BundleError(f"{model.name} cannot be loaded: {error}") from error
        self._estimator, self._classes = stored["estimator"], stored["classes"]
        if stored["target"] is not None:
            self._estimator = ScaledTarget(self._estimator, *stored["target"])
        self._calibration = _calibration(stored["calibration"])
        self._pools, self._threads = ThreadpoolController(), threads

    def run(self, matrix: Matrix) -> NDArray[np.float64]:
        """See `ModelSession`."""
        with self._pools.limit(limits=self._threads):
            scores = predict_scores(self._estimator, matrix, self._classes)
        if self._calibration is not None:
            scores = self._calibration.apply(scores)
        return scores if self._classes else scores.reshape(-1, 1)


def store_estimator(
    estimator: Any,
    *,
    classes: int,
    calibration: Calibration | None = None,
    trusted_types: Sequence[str] = (),
) -> ModelFile:
    """A fitted estimator in the format of skops.

    Args:
        estimator: the estimator.
        classes: number of classes, 0 for a regression.
        calibration: calibration of its probabilities.
        trusted_types: types that the file may contain besides scikit-learn's.

    Raises:
        ExportError: if skops cannot store it, or it contains types that are not trusted.
    """
    skops = _import_skops()
    scaled = estimator if isinstance(estimator, ScaledTarget) else None
    stored = {
        "estimator": scaled.estimator if scaled else estimator,
        "target": [scaled.center, scaled.scale] if scaled else None,
        "classes": classes,
        "calibration": calibration and [calibration.scale, *calibration.shift],
    }
    try:
        content = skops.dumps(stored)
        types = tuple(sorted(skops.get_untrusted_types(data=content)))
    except Exception as error:  # whatever the estimator's parts raise
        raise ExportError(f"skops cannot store it ({type(error).__name__}: {error})") from error
    if foreign := foreign_types(types, trusted_types):
        raise ExportError(
            f"it contains types that are not scikit-learn's: {', '.join(foreign)}; name them in "
            "`serving.trusted_types` to serve it"
        )
    return ModelFile(content, "skops", types)


def foreign_types(types: Iterable[str], trusted: Sequence[str]) -> list[str]:
    """The types that are neither classes of scikit-learn, NumPy or SciPy, nor trusted."""
    return [name for name in types if name not in trusted and not _is_known(name)]


def _is_known(name: str) -> bool:
    if name.partition(".")[0] not in _PACKAGES:
        return False
    return name in _FUNCTIONS or isinstance(_resolved(name), type)


def _resolved(name: str) -> object:
    try:
        return resolve_name(name)
    except (AttributeError, ImportError):
        return None


def _calibration(parameters: list[float] | None) -> Calibration | None:
    return None if parameters is None else Calibration(parameters[0], tuple(parameters[1:]))


def _import_skops() -> Any:
    try:
        import sklearn  # noqa: F401
        import skops.io as skops
    except ImportError as error:
        raise BundleError(
            "this version needs the extra `native` (scikit-learn and skops), which is not "
            "installed: run `make add PACKAGE=native`"
        ) from error
    return skops
