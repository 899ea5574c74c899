"""Routes of your own, with the same keys, request ids, errors and metrics as the library's."""

from flask import Blueprint, current_app
from mlops_loop.serving.flask import PredictionService

blueprint = Blueprint("own", __name__)


@blueprint.get("/versions")
def versions() -> dict[str, str]:
    """The versions in service by role. This is an example: change it or delete it."""
    service: PredictionService = current_app.extensions["mlops_loop"]
    return service.versions
