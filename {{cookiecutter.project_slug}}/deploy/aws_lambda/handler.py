"""The Lambda function: `python -m awslambdaric handler.handler` runs it."""

import sys
from pathlib import Path
from typing import Any

from mlops_loop.deploy.aws_lambda import lambda_handler

# In a zip the package lies beside this file; in the image it is installed.
sys.path.insert(0, str(Path(__file__).parent / "src"))


def load_app() -> Any:
    from {{ cookiecutter.package_name }}.app import app

    return app


handler = lambda_handler(load_app)
