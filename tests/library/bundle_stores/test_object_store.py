"""Bundles and the pointer in object stores, behind real servers."""

from pathlib import Path

import pytest

from mlops_loop._bundle import Bundle, Manifest, read_bundle, write_bundle
from mlops_loop._publication import BundleStore, Pointer, Rollout, open_bundle_store
from mlops_loop._publication.objects import Objects
from mlops_loop.errors import BundleError, DamagedBundleError, StoreError

FILES = {"model.onnx": b"model", "encoder.json": b"{}", "contract.yaml": b"problem: binary"}


def bundle(folder: Path, **files: bytes) -> Bundle:
    manifest = Manifest(
        version="7",
        run_id="run",
        problem="binary",
        classes=(False, True),
        created="2013-01-01T00:00:00+00:00",
        features_digest="features",
        contract_digest="contract",
        snapshot="snapshot",
    )
    return write_bundle(folder / "draft", manifest, FILES | files)


def test_a_published_version_can_be_fetched(
    store: BundleStore, address: str, tmp_path: Path
) -> None:
    assert not store.is_published("7")
    with pytest.raises(BundleError, match=f"version 7 is not published in {address}: run `doctor`"):
        store.fetch("7")
    store.publish(bundle(tmp_path))
    store.publish(bundle(tmp_path, **{"reference.parquet": b"another bundle"}))
    found = read_bundle(store.fetch("7"), "features")
    found.verify()
    assert found.manifest.files.keys() == FILES.keys()
    assert found.directory.parent == tmp_path / "var/bundle-copies"


def test_the_pointer_changes_for_every_reader(
    store: BundleStore, address: str, tmp_path: Path
) -> None:
    reader = open_bundle_store(address, tmp_path)
    assert (reader.pointer(), reader.stamp()) == (Pointer(), None)
    stamps = [reader.stamp()]
    for champion in ("1", "2", "1"):
        store.set_rollout("key", Rollout(champion=champion))
        assert reader.pointer().rollout("key").champion == champion
        stamps.append(reader.stamp())
        assert stamps[-1] == reader.stamp() != stamps[-2]


def test_a_damaged_pointer_is_kept_beside_a_restored_one(store: BundleStore, address: str) -> None:
    objects = Objects(address)
    objects.write("pointer.json", b"{")
    with pytest.raises(BundleError, match=f"{address}/pointer.json cannot be read"):
        store.pointer()
    pointer = Pointer().with_rollout("key", Rollout(champion="1"))
    assert store.restore_pointer(pointer)
    assert store.pointer() == pointer
    assert objects.find("pointer.damaged") == b"{"
    assert not store.restore_pointer(Pointer())


def test_half_a_bundle_is_not_published(
    store: BundleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write is the last one."""
    write = Objects.write
    for limit in range(1 + len(FILES)):
        written: list[str] = []

        def write_some(objects: Objects, name: str, content: bytes) -> None:
            if len(written) == limit:
                raise StoreError("the connection was cut")
            written.append(name)
            write(objects, name, content)

        with monkeypatch.context() as patch:
            patch.setattr(Objects, "write", write_some)
            with pytest.raises(StoreError):
                store.publish(bundle(tmp_path))
        assert not store.is_published("7")
    store.publish(bundle(tmp_path))
    read_bundle(store.fetch("7")).verify()


def test_a_replaced_version_is_read_as_one_of_both_or_rejected(
    store: BundleStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.publish(bundle(tmp_path))
    write = Objects.write
    seen = []

    def write_and_read(objects: Objects, name: str, content: bytes) -> None:
        with pytest.raises(DamagedBundleError, match="is not published"):
            store.fetch("7")
        write(objects, name, content)
        seen.append(name)

    monkeypatch.setattr(Objects, "write", write_and_read)
    store.publish(bundle(tmp_path, **{"model.onnx": b"another model"}), replace=True)
    assert seen[-1] == "7/bundle.json" and len(seen) == 1 + len(FILES)
    assert read_bundle(store.fetch("7")).read("model.onnx") == b"another model"


def test_objects_that_are_not_those_of_the_manifest_are_rejected(
    store: BundleStore, address: str, tmp_path: Path
) -> None:
    store.publish(bundle(tmp_path))
    copy = store.fetch("7")
    objects = Objects(address)
    objects.write("7/model.onnx", b"other")
    assert store.fetch("7") == copy  # which is intact
    with pytest.raises(DamagedBundleError, match=f"{address}/7/model.onnx is not the file"):
        store.fetch("7", fresh=True)
    objects.remove("7/model.onnx")
    with pytest.raises(DamagedBundleError, match="does not have all the files of its manifest"):
        store.fetch("7", fresh=True)
    read_bundle(copy).verify()
    store.publish(bundle(tmp_path), replace=True)
    read_bundle(store.fetch("7", fresh=True)).verify()


def test_a_damaged_copy_is_fetched_again(store: BundleStore, tmp_path: Path) -> None:
    store.publish(bundle(tmp_path))
    (store.fetch("7") / "model.onnx").write_bytes(b"other")
    assert read_bundle(store.fetch("7")).read("model.onnx") == b"model"


def test_copies_lie_elsewhere_where_var_cannot_be_written(address: str, tmp_path: Path) -> None:
    (tmp_path / "var").write_bytes(b"no folder")
    store = open_bundle_store(address, tmp_path)
    store.publish(bundle(tmp_path))
    copy = store.fetch("7")
    assert copy == store.fetch("7")
    assert not copy.is_relative_to(tmp_path)
    read_bundle(copy).verify()
