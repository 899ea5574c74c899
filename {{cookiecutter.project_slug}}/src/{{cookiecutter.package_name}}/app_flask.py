"""The web application: a Flask application of your own, with the library's routes included.

`serve` runs it, and so does any other WSGI server. Add hooks, blueprints and error handlers as in
every Flask application: they apply to `/predict` as to your own routes.
"""

from flask import Flask
from mlops_loop.serving.flask import (
    PredictionService,
    add_documentation,
    add_error_handlers,
    add_request_lifecycle,
    operations_blueprint,
    prediction_blueprint,
    require_allowed_origins,
    require_api_keys,
)

from .project import project
from .routes import blueprint

service = PredictionService(project)

app = Flask(__name__, static_folder=None)

# Hooks before a request run in this order, hooks after it in the reverse order.
add_request_lifecycle(app, service)
require_allowed_origins(app, service)  # hosts, cross-site requests, CORS
require_api_keys(app, service)
add_error_handlers(app, service)

app.register_blueprint(prediction_blueprint(service))  # /predict, /labels, /model
app.register_blueprint(operations_blueprint(service))  # /health/live, /health/ready, /metrics
app.register_blueprint(blueprint)
add_documentation(app, service)  # /, /docs
