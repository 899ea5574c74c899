"""The application: the FastAPI edition, on the project in the folder `MLOPS_LOOP_ROOT`."""

from fastapi_app.app import app

__all__ = ["app"]
