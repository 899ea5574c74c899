"""The ONNX form of a network: what its inputs, layers and answer compute, node by node.

The libraries' own exporters need packages of their own, or a converter that trails behind their
releases; these few nodes are all that there is to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._network_inputs import BOUND, SHIFT, Floats, Inputs

# What ONNX Runtime of the last years reads.
_OPSET = 17
_IR_VERSION = 8


@dataclass(frozen=True)
class Answer:
    """What the raw scores mean.

    Attributes:
        classes: how many there are to choose from; 0 for a value.
        center: of the values, in units of the target.
        scale: what one unit of a raw score is worth.
    """

    classes: int
    center: float = 0.0
    scale: float = 1.0

    @property
    def is_class(self) -> bool:
        return self.classes > 0

    @property
    def outputs(self) -> int:
        return max(self.classes, 1)


@dataclass
class _Graph:
    """Nodes and constants as they are added, each under a name of its own."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, value: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        output = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def columns(self, at: Sequence[int] | int) -> str:
        """Some columns of the matrix, or one without its axis."""
        return self.add("Gather", "rows", self.constant(np.array(at, dtype=np.int64)), axis=1)


def network_onnx(
    inputs: Inputs,
    tables: Sequence[Floats],
    layers: Sequence[tuple[Floats, Floats]],
    answer: Answer,
    features: int,
) -> bytes:
    """ONNX bytes: the matrix in, probabilities of shape (rows, classes) or values (rows, 1) out.

    Args:
        inputs: how columns enter.
        tables: embeddings of shape (positions, width).
        layers: matrix of shape (in, out) and bias of each.
        answer: what the last layer says.
        features: columns of the matrix.
    """
    from onnx import TensorProto, helper

    graph = _Graph()
    parts = _numbers(graph, inputs) if inputs.numbers else []
    parts += [
        _embedded(graph, column, table)
        for column, table in zip(inputs.categories, tables, strict=True)
    ]
    _scores(graph, _layered(graph, graph.add("Concat", *parts, axis=1), layers), answer)
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, features])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, answer.outputs])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "network", [rows], [scores], graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    return bytes(model.SerializeToString())


def _numbers(graph: _Graph, inputs: Inputs) -> list[str]:
    """Standardised values, and whether each was missing."""
    from onnx import TensorProto

    values = graph.columns(inputs.numbers)
    absent = graph.add("IsNaN", values)
    filled = graph.add("Where", absent, graph.constant(inputs.fill), values)
    centered = graph.add("Sub", filled, graph.constant(inputs.center))
    scaled = graph.add("Div", centered, graph.constant(inputs.scale))
    bounds = [graph.constant(np.array(bound, dtype=np.float32)) for bound in (-BOUND, BOUND)]
    return [graph.add("Clip", scaled, *bounds), graph.add("Cast", absent, to=TensorProto.FLOAT)]


def _embedded(graph: _Graph, column: int, table: Floats) -> str:
    from onnx import TensorProto

    words = graph.columns(column)
    shifted = graph.add("Add", words, graph.constant(np.array(SHIFT, dtype=np.float32)))
    missing = graph.constant(np.array(0, dtype=np.float32))
    positions = graph.add("Where", graph.add("IsNaN", words), missing, shifted)
    whole = graph.add("Cast", positions, to=TensorProto.INT64)
    return graph.add("Gather", graph.constant(table), whole, axis=0)


def _layered(graph: _Graph, values: str, layers: Sequence[tuple[Floats, Floats]]) -> str:
    for number, (matrix, bias) in enumerate(layers, start=1):
        values = graph.add("Gemm", values, graph.constant(matrix), graph.constant(bias))
        if number < len(layers):
            values = graph.add("Relu", values)
    return values


def _scores(graph: _Graph, raw: str, answer: Answer) -> str:
    if answer.is_class:
        return graph.add("Softmax", raw, output="scores", axis=1)
    scale, center = (
        graph.constant(np.array(each, dtype=np.float32)) for each in (answer.scale, answer.center)
    )
    return graph.add("Add", graph.add("Mul", raw, scale), center, output="scores")
