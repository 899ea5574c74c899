"""Models that need no training, in a bundle: one ONNX graph of a few nodes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from onnx import TensorProto, helper

from mlops_loop._bundle import Manifest, write_bundle
from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureSet
from mlops_loop._publication import BundleStore, Rollout, rollout_key
from mlops_loop.contract._check import check_rows
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Contract


@dataclass
class Publisher:
    """Publishes models that answer every row with the same probability."""

    root: Path
    store: BundleStore
    contract: Contract
    features: FeatureSet

    @property
    def key(self) -> str:
        return rollout_key(self.features.digest, self.contract.target_digest)

    def publish(
        self,
        version: str,
        probability: float = 0.25,
        *,
        contract: Contract | None = None,
        columns: int | None = None,
    ) -> None:
        """Write a bundle; `columns` other than the encoder makes give one that cannot predict."""
        contract = contract or self.contract
        specs = self.features.columns(contract)
        raw = check_rows(contract, [example_row(contract)]).columns
        encoder = Encoder.fit(specs, self.features.apply(raw))
        binary = contract.problem != "regression"
        manifest = Manifest(
            version=version,
            run_id=f"run-{version}",
            problem=contract.problem,
            classes=contract.classes,
            threshold=0.5 if contract.problem == "binary" else None,
            created="2013-01-01T00:00:00+00:00",
            features_digest=self.features.digest,
            features_module=self.features.module,
            contract_digest=contract.digest,
            snapshot="none",
            metrics={"log_loss": 0.5},
        )
        shares = [1 - probability, probability] if binary else [probability]
        files = {
            "model.onnx": _constant_model(columns or len(encoder.names), shares),
            "encoder.json": encoder.to_json(),
            "contract.yaml": contract.text.encode(),
        }
        self.store.publish(write_bundle(self.root / "drafts" / version, manifest, files))

    def point(
        self,
        champion: str | None,
        challenger: str | None = None,
        *,
        mode: Literal["shadow", "split"] = "shadow",
        share: float = 0.5,
    ) -> None:
        rollout = Rollout(champion=champion, challenger=challenger, mode=mode, share=share)
        self.store.set_rollout(self.key, rollout)

    def damage(self, version: str) -> None:
        path = self.store.fetch(version) / "model.onnx"
        path.write_bytes(path.read_bytes()[:-1])


def _constant_model(columns: int, shares: list[float]) -> bytes:
    """ONNX: a float matrix with so many columns in, the same shares for each row out."""
    weights = np.zeros((columns, len(shares)), dtype=np.float32)
    nodes = [
        helper.make_node("IsNaN", ["rows"], ["absent"]),
        helper.make_node("Where", ["absent", "zero", "rows"], ["filled"]),
        helper.make_node("MatMul", ["filled", "weights"], ["nothing"]),
        helper.make_node("Add", ["nothing", "shares"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, len(shares)])],
        [
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("weights", TensorProto.FLOAT, weights.shape, weights.ravel()),
            helper.make_tensor("shares", TensorProto.FLOAT, [len(shares)], shares),
        ],
    )
    opset = helper.make_opsetid("", 17)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
