from pathlib import Path

import pytest

from mlops_loop._bundle import Manifest, read_bundle, write_bundle
from mlops_loop._publication import Rollout, open_bundle_store
from mlops_loop.errors import BundleError

FILES = {"model.onnx": b"model", "encoder.json": b"{}", "contract.yaml": b"problem: binary"}


def manifest(version: str = "1") -> Manifest:
    return Manifest(
        version=version,
        run_id="run",
        problem="binary",
        classes=(False, True),
        created="2013-01-01T00:00:00+00:00",
        features_digest="features",
        contract_digest="contract",
        snapshot="snapshot",
    )


def test_a_bundle_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = write_bundle(tmp_path / "1", manifest(), FILES)
    found = read_bundle(tmp_path / "1", "features")
    assert found.manifest == written.manifest
    assert found.read("model.onnx") == b"model"
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", manifest(), FILES)
    (tmp_path / "1" / "model.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match="digest differs"):
        read_bundle(tmp_path / "1")


def test_a_bundle_for_other_features_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path / "1", manifest(), FILES)
    with pytest.raises(BundleError, match="train again"):
        read_bundle(tmp_path / "1", "edited")


@pytest.mark.parametrize("damage", ["bundle.json", "encoder.json"])
def test_a_missing_file_is_named(tmp_path: Path, damage: str) -> None:
    write_bundle(tmp_path / "1", manifest(), FILES)
    (tmp_path / "1" / damage).unlink()
    with pytest.raises(BundleError):
        read_bundle(tmp_path / "1")


def test_half_a_manifest_is_refused(tmp_path: Path) -> None:
    path = write_bundle(tmp_path / "1", manifest(), FILES).directory / "bundle.json"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(
        BundleError, match="bundle.json cannot be read .*run `doctor`, which publishes"
    ):
        read_bundle(tmp_path / "1")


def test_a_published_version_can_be_fetched(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "draft", manifest("7"), FILES)
    store = open_bundle_store("bundles", tmp_path)
    store.publish(bundle)
    store.publish(bundle)
    assert read_bundle(store.fetch("7")).manifest.version == "7"
    with pytest.raises(BundleError, match="version 8 is not published"):
        store.fetch("8")


def test_the_pointer_keeps_one_entry_for_each_features_code(tmp_path: Path) -> None:
    store = open_bundle_store("bundles", tmp_path)
    assert store.pointer().rollout("old") == Rollout()
    store.set_rollout("old", Rollout(champion="1"))
    before = store.stamp()
    store.set_rollout("new", Rollout(champion="2", challenger="3", mode="split", share=0.2))
    assert store.stamp() != before
    assert store.pointer().rollout("old").champion == "1"
    assert store.pointer().rollout("new").challenger == "3"


def test_a_url_of_a_local_folder_is_that_folder(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "draft", manifest("7"), FILES)
    open_bundle_store((tmp_path / "bundles").as_uri(), Path("elsewhere")).publish(bundle)
    assert open_bundle_store("bundles", tmp_path).is_published("7")
