"""Routes of your own, with the same keys, request ids, errors and metrics as the library's."""

from flask import Blueprint, current_app

blueprint = Blueprint("own", __name__)


@blueprint.get("/versions")
def versions() -> dict[str, str | None]:
    """The versions in service by role. This is an example: change it or delete it."""
    deployment = current_app.extensions["mlops_loop"].deployments.deployment
    variants = deployment.variants if deployment else []
    return {variant.role: variant.version for variant in variants}
