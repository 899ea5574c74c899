"""The model card: true figures, and no heading without something below it."""

import re
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from mlops_loop._bundle import read_bundle
from mlops_loop._card.card import limits
from mlops_loop._card.page import html, markdown
from mlops_loop._project import Project
from mlops_loop.evaluation._importance import importances
from mlops_loop.evaluation._metrics import metrics_of
from mlops_loop.evaluation._reliability import reliability

RNG = np.random.default_rng(8)


def test_bins_compare_what_was_said_with_what_happened() -> None:
    said = RNG.random(20_000)
    happened = (RNG.random(20_000) < said**2).astype(np.int64)
    bins = reliability(happened, np.stack([1 - said, said], axis=1))
    assert len(bins) == 10
    assert sum(one.rows for one in bins) == 20_000
    assert [one.observed for one in bins] == pytest.approx(
        [one.predicted**2 for one in bins], abs=0.05
    )


def test_of_several_classes_the_predicted_one_is_looked_at() -> None:
    sure = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.8]])
    (only,) = reliability(np.array([0, 1, 2, 0]), sure)
    assert (only.predicted, only.observed, only.rows) == (pytest.approx(0.8), 0.75, 4)


def test_values_are_compared_with_outcomes() -> None:
    said = np.arange(100.0)
    bins = reliability(said + 3, said, bins=4)
    assert [one.observed - one.predicted for one in bins] == pytest.approx([3.0] * 4)


def test_a_feature_that_the_model_uses_matters_and_others_do_not() -> None:
    matrix = RNG.normal(size=(500, 2)).astype(np.float32)
    labels = matrix[:, 1].astype(np.float64)
    found = importances(
        ["unused", "used"],
        matrix,
        labels,
        lambda rows: rows[:, 1].astype(np.float64),
        metrics_of("regression")["rmse"],
        seed=1,
    )
    assert [one.column for one in found] == ["used", "unused"]
    assert found[0].importance > 1 and found[1].importance == 0


def test_every_version_has_a_card_on_disk_and_in_mlflow(project: Project) -> None:
    version = project.registry.versions()[-1]
    folder = project.settings.paths.model_cards
    page = (folder / f"{version.version}.md").read_text(encoding="utf-8")
    assert version.run_id in page and version.tags["snapshot"] in page
    names = {file.path for file in project.registry.tracking.client.list_artifacts(version.run_id)}
    assert {"model_card.md", "model_card.html"} <= names


@pytest.mark.parametrize(("threshold", "said"), [(0.5, "0.5000"), (0.00009999, "0.0001")])
def test_a_card_names_the_threshold_however_small(
    project: Project, threshold: float, said: str
) -> None:
    manifest = read_bundle(project.bundles.fetch("1")).manifest
    manifest = msgspec.structs.replace(manifest, threshold=threshold)
    sentence = f"It predicts True from a probability of {said} on."
    assert sentence in limits(project.contract, manifest)


def test_no_heading_of_a_card_is_empty(project: Project) -> None:
    version = project.registry.versions()[-1]
    page = (project.settings.paths.model_cards / f"{version.version}.md").read_text(
        encoding="utf-8"
    )
    sections = re.split(r"^## (.+)$", page, flags=re.MULTILINE)[1:]
    bodies = dict(zip(sections[::2], sections[1::2], strict=True))
    assert {"Intended use", "Data", "Figures", "Calibration", "Limits"} <= set(bodies)
    assert [name for name, body in bodies.items() if not body.strip()] == []
    tables = [body for body in bodies.values() if "| --- |" in body]
    assert [body for body in tables if len(re.findall(r"^\|", body, re.MULTILINE)) < 3] == []


def test_the_page_stands_by_itself(project: Project) -> None:
    version = project.registry.versions()[-1]
    page = (project.settings.paths.model_cards / f"{version.version}.html").read_text(
        encoding="utf-8"
    )
    tags: list[str] = []
    links: list[str | None] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            links.extend(value for name, value in attrs if name in ("src", "href"))

    Reader().feed(page)
    assert {"table", "svg"} <= set(tags) and links == []
    assert "nan" not in page


def test_values_of_callers_are_text_in_both_forms_of_a_card() -> None:
    evil = "</td><script>alert('x')</script> [a](javascript:b) | c"
    interval = SimpleNamespace(value=0.1, low=0.0, high=0.2)
    card = SimpleNamespace(
        manifest=SimpleNamespace(
            version="1",
            candidate="linear",
            created="2024",
            run_id="run",
            snapshot="d",
            trained_until=None,
        ),
        metric=evil,
        source="parcels.csv",
        rows=1,
        gate=SimpleNamespace(passed=True, slices=[1], summary=lambda: evil),
        override=evil,
        weakest=[SimpleNamespace(name=evil, rows=1, gain=interval)],
        reliability=[SimpleNamespace(predicted=0.1, observed=0.2, rows=1)],
        importances=[SimpleNamespace(column=evil, importance=0.1)],
        purpose=evil,
        limits=[evil],
        scores=[],
        held_out=1,
        candidates="| linear |\n",
        leaderboard_chart="<svg></svg>",
    )
    page, note = html(card), markdown(card)  # type: ignore[arg-type]
    assert "<script" not in page and evil in unescape(page)
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert re.search(r"(?<!\\)<", note) is None
    assert r"\[a\](javascript:b) \| c" in note
