"""Explainers of the champion, and of the version of a logged prediction."""

from collections.abc import Mapping
from contextlib import nullcontext

from .._bundle import Bundle, read_bundle
from .._champion import champion_bundle
from .._feature_set import FeatureSet
from .._packaged_features import packaged_features
from .._project import Project
from ..errors import BundleError, InputError, RegistryError
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
    return _explainer(project, champion_bundle(project), project.features)


def explain_logged(project: Project, prediction_id: str, asked: str | None = None) -> Explanation:
    """Explain a logged prediction with the version that predicted it.

    A version of other features is explained through its own, from the code in its model.

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
    row: Mapping[str, object] = logged.record.columns
    try:
        bundle = read_bundle(project.bundles.fetch(version))
        is_current = bundle.manifest.features_digest == project.features.digest
        own = nullcontext(project.features)
        with own if is_current else packaged_features(project.registry, bundle) as features:
            return _explainer(project, bundle, features).explain(row, asked)
    except (BundleError, RegistryError) as error:
        raise InputError(
            f"version {version}, which predicted {prediction_id}, cannot be explained: {error}"
        ) from error


def _answering(row: LoggedRow) -> str:
    outputs = row.record.outputs
    return next((output for output in outputs if output.served), outputs[0]).version


def _explainer(project: Project, bundle: Bundle, features: FeatureSet) -> Explainer:
    seed, trusted = project.settings.seed, project.settings.serving.trusted_types
    sample = reference_sample(bundle.contract, bundle, _REFERENCE, seed)
    return Explainer.open(bundle, features, sample.columns, seed=seed, trusted_types=trusted)
