"""Explainers of the champion, and of the version of a logged prediction."""

from collections.abc import Mapping

from .._bundle import read_bundle
from .._project import Project
from .._publication import NO_CHAMPION
from ..errors import BundleError, InputError
from ..monitoring._samples import reference_sample
from ..prediction_log import LoggedRow
from .explainer import Explainer
from .results import Explanation

# Number of held-out rows (limit).
_REFERENCE = 1_000


def champion_explainer(project: Project) -> Explainer:
    """An explainer of the champion.

    Raises:
        InputError: if there is none.
    """
    version = project.published().champion
    if version is None:
        raise InputError(NO_CHAMPION)
    return _explainer(project, version)


def explain_logged(project: Project, prediction_id: str, asked: str | None = None) -> Explanation:
    """Explain a logged prediction with the version that predicted it.

    Args:
        project: the project with the log.
        prediction_id: prediction id of the row.
        asked: see `Explainer.explain`.

    Raises:
        InputError: if there is no such prediction, or its version cannot be loaded any more.
    """
    logged = project.log.get(prediction_id)
    if logged is None:
        raise InputError(f"no prediction {prediction_id!r}")
    version = _answering(logged)
    try:
        explainer = _explainer(project, version)
    except BundleError as error:
        raise InputError(
            f"version {version}, which predicted {prediction_id}, cannot be explained: {error}"
        ) from error
    row: Mapping[str, object] = logged.record.columns
    return explainer.explain(row, asked)


def _answering(row: LoggedRow) -> str:
    outputs = row.record.outputs
    return next((output for output in outputs if output.served), outputs[0]).version


def _explainer(project: Project, version: str) -> Explainer:
    bundle = read_bundle(project.bundles.fetch(version), project.features.digest)
    seed, trusted = project.settings.seed, project.settings.serving.trusted_types
    sample = reference_sample(bundle.contract, bundle, _REFERENCE, seed)
    return Explainer.open(
        bundle, project.features, sample.columns, seed=seed, trusted_types=trusted
    )
