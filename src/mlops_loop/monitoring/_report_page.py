"""Evidently's charts as one HTML page that runs Evidently's own script and nothing else.

Evidently writes categories and column names, which callers choose, into a script element without
escaping them, and its page has no content security policy. So the page is a template of ours: the
data is JSON that cannot close its element, and the policy names each script by its hash.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib import metadata, resources
from typing import Any

from .._templates import load_template
from ..errors import ProjectError

_DRAW = """
const { dashboard, graphs } = JSON.parse(document.getElementById("data").textContent);
window.drawDashboard(dashboard, new Map(Object.entries(graphs)), "root");
"""

Widget = Mapping[str, Any]


def render(snapshot: Any) -> str:
    """The page of an Evidently snapshot.

    Raises:
        ProjectError: if the installed Evidently does not have the script that draws the page.
    """
    # JSON has no NaN; a browser would not parse the page's data.
    model = json.loads(snapshot.dumps(), parse_constant=lambda _: None)
    charts = {"type": "group", "title": "", "size": 2, "id": "charts", "alerts": [], "insights": []}
    widgets = [{**charts, "widgets": model["widgets"]}, *model["tests_widgets"]]
    scripts = [f"var global = globalThis;\n{_library()}", _DRAW]
    graphs = {graph["id"]: _details(graph) for graph in _graphs(widgets)}
    return load_template("mlops_loop.monitoring", "report.html.j2").render(
        data={"dashboard": {"name": "Report", "widgets": widgets}, "graphs": graphs},
        scripts=scripts,
        hashes=[_hash(script) for script in scripts],
        font=b64encode(_asset("material-ui-icons.woff2")).decode(),
    )


def _graphs(widgets: list[Widget]) -> Iterator[Widget]:
    """Charts that open below a row of a table, of widgets and of those within them."""
    for widget in widgets:
        yield from widget.get("additionalGraphs", [])
        yield from _graphs(widget.get("widgets", []))


def _details(graph: Widget) -> Any:
    """Source of a chart: a figure alone, or another widget."""
    return graph["params"] if graph.keys() == {"id", "params"} else graph


def _library() -> str:
    library = _asset("index.js").decode("utf-8").replace("\r\n", "\n")
    if "drawDashboard" not in library or "</script" in library:
        raise _unsupported()
    return library


def _asset(name: str) -> bytes:
    """A file of the notebook extension, the only place where Evidently keeps its script."""
    try:
        return resources.files("evidently").joinpath("nbextension", "static", name).read_bytes()
    except FileNotFoundError as error:
        raise _unsupported() from error


def _unsupported() -> ProjectError:
    version = metadata.version("evidently")
    return ProjectError(
        f"Evidently {version} cannot render the monitoring page: install 0.7, or use --no-page"
    )


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
