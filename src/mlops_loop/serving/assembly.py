"""The service put together from the settings, ready for a web framework to carry it."""

from functools import partial

from ..clock import Clock
from ..monitoring_status import load_monitoring_status
from ..prediction_log import PredictionLog, open_prediction_log
from ..predictor import OnnxPredictor
from ..project import Project
from ..publication import BundleStore, open_bundle_store
from ..servable import Load
from ..settings import Settings
from .key_file import KeyFile
from .keys import ApiKeys
from .reception import Reception
from .router import Router
from .service import PredictionService


def make_reception(
    project: Project,
    *,
    log: PredictionLog | None = None,
    store: BundleStore | None = None,
    clock: Clock | None = None,
    load: Load | None = None,
) -> Reception:
    """The service of a project; its `start` and `close` are for the caller.

    Args:
        project: whose service it is.
        log: where predictions are kept, by default the one that the settings name.
        store: where bundles are published, by default the one that the settings name.
        load: makes a predictor of a bundle.

    Raises:
        ServiceError: if the service would be open to the network without a key.
        StoreError: if the prediction log cannot be opened.
    """
    settings, features = project.settings, project.features
    limits = settings.serving
    keys = required_keys(settings)
    store = store or open_bundle_store(settings.bundle_store, settings.root)
    service = PredictionService(
        Router(
            store,
            features_digest=features.digest,
            contract=settings.contract(),
            load=load or partial(OnnxPredictor, features=features),
            unknown_fields=limits.unknown_fields,
        ),
        log or open_prediction_log(settings.prediction_log, root=settings.root),
        settings.contract(),
        max_rows=limits.max_rows,
        max_concurrency=limits.max_concurrency,
        watch_interval=limits.watch_interval.total_seconds(),
        clock=clock,
    )
    return Reception(
        service,
        keys,
        max_body_bytes=limits.max_body_bytes,
        request_timeout=limits.request_timeout.total_seconds(),
        title=project.name,
        verdict=partial(load_monitoring_status, settings.root),
    )


def required_keys(settings: Settings) -> ApiKeys:
    """The keys that open the service.

    Raises:
        ServiceError: if one is none, or the service would be open to the network without a key.
    """
    serving = settings.serving
    keys = ApiKeys(
        serving.api_keys,
        KeyFile(settings.path(serving.key_file)),
        interval=serving.watch_interval.total_seconds(),
    )
    keys.require(serving.host)
    return keys
