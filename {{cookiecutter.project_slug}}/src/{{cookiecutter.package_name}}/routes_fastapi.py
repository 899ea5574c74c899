"""Routes of your own, with the same keys, request ids, errors and metrics as the library's."""

from fastapi import APIRouter, Request
from mlops_loop.serving.fastapi import PredictionService

router = APIRouter()


@router.get("/versions")
async def versions(request: Request) -> dict[str, str]:
    """The versions in service by role. This is an example: change it or delete it."""
    service: PredictionService = request.app.state.service
    return service.versions
