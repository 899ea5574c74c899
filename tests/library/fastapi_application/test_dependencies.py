"""Dependencies apply to `/predict` as to any route."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request
from fastapi.testclient import TestClient

from mlops_loop.serving.fastapi import (
    PredictionService,
    RequestLifecycleMiddleware,
    add_exception_handlers,
    prediction_router,
)


async def deny() -> None:
    raise HTTPException(403, "denied")


def test_a_dependency_of_the_application_denies(
    build: Any, row: dict[str, Any], problem: Any
) -> None:
    with TestClient(build(dependencies=[Depends(deny)])) as client:
        for response in (client.post("/predict", json=row), client.get("/model")):
            assert problem(response, 403)["detail"] == "denied"


def test_a_dependency_of_the_router_denies(build: Any, row: dict[str, Any], problem: Any) -> None:
    with TestClient(build({"dependencies": [Depends(deny)]})) as client:
        assert problem(client.post("/predict", json=row), 403)["detail"] == "denied"


def test_a_dependency_of_the_route_denies(
    shop_project: Any, publisher: Any, row: dict[str, Any], problem: Any
) -> None:
    """A router of one's own takes the library's routes one by one."""
    service = PredictionService(shop_project())
    guarded = APIRouter()
    for route in prediction_router(service).routes:
        denied = [Depends(deny)] if route.path == "/predict" else []
        guarded.add_api_route(
            route.path, route.endpoint, methods=route.methods, dependencies=denied
        )
    app = FastAPI(lifespan=service.lifespan)
    app.add_middleware(RequestLifecycleMiddleware, service=service)
    add_exception_handlers(app, service)
    app.include_router(guarded)
    with TestClient(app) as client:
        assert problem(client.post("/predict", json=row), 403)["detail"] == "denied"
        assert client.get("/model").status_code == 200


def test_a_dependency_is_overridden(build: Any, row: dict[str, Any]) -> None:
    app = build({"dependencies": [Depends(deny)]})
    app.dependency_overrides[deny] = lambda: None
    with TestClient(app) as client:
        assert client.post("/predict", json=row).status_code == 200


def test_a_dependency_may_read_the_body(build: Any, row: dict[str, Any]) -> None:
    sizes: list[int] = []

    async def measure(request: Request, x_tenant: str = Header()) -> None:
        sizes.append(len(await request.body()))

    with TestClient(build({"dependencies": [Depends(measure)]})) as client:
        assert client.post("/predict", json=row).status_code == 422
        assert client.post("/predict", json=row, headers={"X-Tenant": "a"}).status_code == 200
    assert sizes and sizes[0] > 10
