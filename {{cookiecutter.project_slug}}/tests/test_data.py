"""Your data and its contract."""

import json

import numpy as np
from mlops_loop.contract.check import check_rows
from mlops_loop.contract.decoder import Decoder
from mlops_loop.encoder import Encoder
from mlops_loop.testing import TrainedProject, example_row


def test_every_class_occurs(trained: TrainedProject) -> None:
    contract = trained.project.contract
    targets = trained.ingested.load(trained.project).columns[contract.target.name]
    assert len(set(targets.tolist())) >= max(len(contract.classes), 2)


def test_the_example_row_keeps_the_contract(trained: TrainedProject) -> None:
    checked = check_rows(trained.project.contract, [example_row(trained.project.contract)])
    assert checked.violations == ()


def test_the_service_accepts_the_rows_of_the_source(trained: TrainedProject) -> None:
    checked = check_rows(trained.project.contract, trained.rows)
    assert checked.accepted.all(), checked.rejections


def test_the_model_gets_the_same_numbers_online_as_in_training(trained: TrainedProject) -> None:
    """From a table all at once, and from the bodies of requests one by one."""
    contract, features = trained.project.contract, trained.project.features
    offline = features.apply(trained.columns)
    encoder = Encoder.fit(features.columns(contract), offline)
    decoder = Decoder(contract)
    requests = [decoder.decode(json.dumps(row).encode()).columns for row in trained.rows]
    online = np.concatenate([encoder.encode(features.apply(columns)) for columns in requests])
    np.testing.assert_array_equal(encoder.encode(offline), online)
