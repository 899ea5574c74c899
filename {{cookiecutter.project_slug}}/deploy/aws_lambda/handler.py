"""What AWS Lambda calls: `python -m awslambdaric handler.handler` runs it."""

import sys
from pathlib import Path
from typing import Any

from mlops_loop.deploy.aws_lambda import lambda_handler


def load_app() -> Any:
    """Imported here, so that a mistake in the settings is one line of the log."""
    # In a zip the package lies in src; in the image it is installed.
    sys.path.insert(0, str(Path(__file__).with_name("src")))
    from {{ cookiecutter.package_name }}.app import app

    return app


handler = lambda_handler(load_app)
