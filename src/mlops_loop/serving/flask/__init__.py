"""What a Flask application includes to serve predictions.

Examples:
    >>> from flask import Flask
    >>> from mlops_loop.serving.flask import (
    ...     PredictionService,
    ...     add_documentation,
    ...     add_error_handlers,
    ...     add_request_lifecycle,
    ...     operations_blueprint,
    ...     prediction_blueprint,
    ...     require_allowed_origins,
    ...     require_api_keys,
    ... )
    >>> service = PredictionService(project)
    >>> app = Flask("shop")
    >>> add_request_lifecycle(app, service)
    >>> require_allowed_origins(app, service)
    >>> require_api_keys(app, service)
    >>> add_error_handlers(app, service)
    >>> add_documentation(app, service)
    >>> app.register_blueprint(prediction_blueprint(service))
    >>> app.register_blueprint(operations_blueprint(service))
"""

from .._caller import Caller
from .._problem import Problem
from .._service import PredictionService
from ._blueprints import operations_blueprint, prediction_blueprint
from ._caller import require_scope
from ._documentation import add_documentation
from ._errors import add_error_handlers
from ._lifecycle import EXTENSION, add_request_lifecycle, require_api_keys
from ._origins import require_allowed_origins

__all__ = [
    "Caller",
    "EXTENSION",
    "PredictionService",
    "Problem",
    "add_documentation",
    "add_error_handlers",
    "add_request_lifecycle",
    "operations_blueprint",
    "prediction_blueprint",
    "require_allowed_origins",
    "require_api_keys",
    "require_scope",
]
