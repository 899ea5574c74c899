"""The container: what its files say about the rest of the project is true."""

import json
import re
from pathlib import Path

import pytest
import yaml

from mlops_loop.serving.metrics import Metrics

from .places import FLIGHTS

ROOT = FLIGHTS
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DASHBOARD = ROOT / "deploy/compose/grafana/service.json"
FUNCTIONS = {"sum", "by", "rate", "histogram_quantile", "time"}


def test_image_and_make_install_use_the_same_poetry() -> None:
    installer = (ROOT / "tools/install.py").read_text(encoding="utf-8")
    pins = re.findall(r"poetry[\w-]*==[\d.]+", DOCKERFILE)
    assert pins and [pin for pin in pins if f'"{pin}"' not in installer] == []


def test_what_the_image_copies_reaches_the_builder() -> None:
    sources = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in line.split()
    }
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sources and {f"!{source}" for source in sources} <= set(sent)
    assert [source for source in sources if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("service", ["service", "mlflow"])
def test_our_containers_can_do_little(service: str) -> None:
    asked = COMPOSE["services"][service]
    assert asked["read_only"] and asked["cap_drop"] == ["ALL"]
    assert asked["security_opt"] == ["no-new-privileges:true"]


def test_ports_are_open_to_this_machine_alone() -> None:
    ports = [port for each in COMPOSE["services"].values() for port in each.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_the_dashboard_asks_for_metrics_that_the_service_has() -> None:
    exposition = Metrics().exposition(None, refused=0, backlog=0, verdict=None).decode()
    families = set(re.findall(r"^# HELP (\w+)", exposition, re.MULTILINE))
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    # Without what stands in brackets: intervals, and the labels that are grouped by.
    bare = [re.sub(r"by \([^)]*\)|\[[^]]*\]", "", query) for query in queries]
    asked = {word for query in bare for word in re.findall(r"[a-z]\w+", query)} - FUNCTIONS
    assert asked and {name.removesuffix("_bucket") for name in asked} <= families
