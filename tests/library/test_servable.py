"""A bundle is tried with the real decoder and predictor before anybody is told of it."""

import io
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._bundle import REFERENCE, read_bundle, write_bundle
from mlops_loop._feature_set import FeatureSet
from mlops_loop._predictor import BundlePredictor
from mlops_loop._servable import load_servable, require_servable
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.errors import BundleError

from .stages import Trained

load = partial(BundlePredictor, features=FeatureSet())


def test_what_answers_its_example_row_is_servable(publisher: Any) -> None:
    publisher.publish("1")
    assert load_servable(read_bundle(publisher.store.fetch("1")), load).manifest.version == "1"


def test_a_contract_whose_example_it_rejects_is_named(publisher: Any, shop: Contract) -> None:
    text = shop.text.replace("example: 9.5", "example: -1")
    publisher.publish("1", contract=parse_contract(text))
    with pytest.raises(BundleError, match="example row of its own contract: price is below 0"):
        load_servable(read_bundle(publisher.store.fetch("1")), load)


def test_a_model_for_another_matrix_is_not_servable(publisher: Any) -> None:
    publisher.publish("1", columns=99)
    with pytest.raises(BundleError, match="cannot predict the example row"):
        require_servable(read_bundle(publisher.store.fetch("1")), load)


def test_a_held_out_row_is_tried_before_publication(trained: Trained, tmp_path: Path) -> None:
    project = trained.project
    bundle = read_bundle(project.bundles.fetch("1"))
    require_servable(bundle, project.load_predictor, project.hooks)
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    table = pyarrow.parquet.read_table(pa.BufferReader(files[REFERENCE]))
    at = table.column_names.index("way (km)")
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(
        table.set_column(at, "way (km)", pa.array([-1.0] * len(table))), buffer
    )
    damaged = write_bundle(tmp_path / "1", bundle.manifest, {**files, REFERENCE: buffer.getvalue()})
    with pytest.raises(BundleError, match="rejects a row that it was evaluated on: way .* below 0"):
        require_servable(damaged, project.load_predictor, project.hooks)
