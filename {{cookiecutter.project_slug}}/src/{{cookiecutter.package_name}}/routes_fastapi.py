"""Routes of your own, with the same keys, request ids, errors and metrics as the library's."""

from fastapi import APIRouter, Request

router = APIRouter()


@router.get("/versions")
async def versions(request: Request) -> dict[str, str | None]:
    """The versions in service by role. This is an example: change it or delete it."""
    deployment = request.app.state.service.deployments.deployment
    variants = deployment.variants if deployment else []
    return {variant.role: variant.version for variant in variants}
