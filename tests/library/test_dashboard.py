"""Grafana's dashboard that a project gets asks for metrics that the service has."""

import json
import re

from mlops_loop.serving._metrics import Metrics

from .places import REPOSITORY

(DASHBOARD,) = REPOSITORY.glob("*cookiecutter.project_slug*/deploy/docker/grafana/service.json")
FUNCTIONS = {"sum", "by", "rate", "histogram_quantile", "time"}


def test_the_dashboard_asks_for_metrics_that_the_service_has() -> None:
    exposition = Metrics().exposition(None, rejected=0, backlog=0, status=None).decode()
    families = set(re.findall(r"^# HELP (\w+)", exposition, re.MULTILINE))
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    # Without what stands in brackets: intervals, and the labels that are grouped by.
    bare = [re.sub(r"by \([^)]*\)|\[[^]]*\]", "", query) for query in queries]
    asked = {word for query in bare for word in re.findall(r"[a-z]\w+", query)} - FUNCTIONS
    assert asked and {name.removesuffix("_bucket") for name in asked} <= families
