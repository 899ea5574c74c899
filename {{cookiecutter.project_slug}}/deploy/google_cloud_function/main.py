"""What Google Cloud Functions calls: the target is `handle`."""

import sys
from pathlib import Path
from typing import Any

from mlops_loop.deploy.google_cloud_function import http_function


def load_app() -> Any:
    """Imported here, so that a mistake in the settings is one line of the log."""
    sys.path.insert(0, str(Path(__file__).with_name("src")))
    from {{ cookiecutter.package_name }}.app import app

    return app


handle = http_function(load_app)
