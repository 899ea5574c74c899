"""Your data and its contract."""

from mlops_loop.contract import check_rows
from mlops_loop.testing import TrainedProject, assert_no_skew, example_row


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
    project = trained.project
    assert_no_skew(project.features, trained.columns, project.contract)
