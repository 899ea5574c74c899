"""Postprocessing in ONNX: classes missing in training, calibration, and the target's units.

Converters choose the version of ONNX, so that only operators are used which old ones have.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .._calibration import SMALLEST, Calibration

_OUTPUT = "calibrated_probabilities"
_VALUE = "rescaled_value"


def append_postprocessing(
    model: bytes, seen: Sequence[int], classes: int, calibration: Calibration | None
) -> bytes:
    """The model with a column for each of `classes`, calibrated; itself if nothing is to do.

    Args:
        model: ONNX model; its last output has one column per class that the estimator saw.
        seen: codes of these classes, in the order of the columns.
        classes: number of all classes.
        calibration: calibration of the probabilities of all classes; None for none.
    """
    if calibration is None and len(seen) == classes:
        return model
    graph = onnx.load_from_string(model)
    # Some converters put out doubles.
    last = _cast(graph.graph, graph.graph.output[-1].name)
    if len(seen) < classes:
        last = _spread(graph.graph, last, seen, classes)
    if calibration is not None:
        last = _calibrate(graph.graph, last, calibration)
    graph.graph.node.append(helper.make_node("Identity", [last], [_OUTPUT]))
    shape = helper.make_tensor_value_info(_OUTPUT, TensorProto.FLOAT, [None, classes])
    graph.graph.output.append(shape)
    content: bytes = graph.SerializeToString()
    return content


def append_rescaling(model: bytes, center: float, scale: float) -> bytes:
    """The model of a scaled target in units of the target, in double precision.

    Args:
        model: ONNX model; its last output are deviations from the mean, in units of the spread.
        center: mean of the target.
        scale: spread of the target.
    """
    graph = onnx.load_from_string(model)
    for name, value in (("tail_unit", scale), ("tail_center", center)):
        graph.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    last = graph.graph.output[-1].name
    graph.graph.node.extend(
        [
            helper.make_node("Cast", [last], ["tail_doubles"], to=TensorProto.DOUBLE),
            helper.make_node("Mul", ["tail_doubles", "tail_unit"], ["tail_deviation"]),
            helper.make_node("Add", ["tail_deviation", "tail_center"], [_VALUE]),
        ]
    )
    graph.graph.output.append(helper.make_tensor_value_info(_VALUE, TensorProto.DOUBLE, None))
    content: bytes = graph.SerializeToString()
    return content


def _cast(graph: onnx.GraphProto, last: str) -> str:
    graph.node.append(helper.make_node("Cast", [last], ["tail_floats"], to=TensorProto.FLOAT))
    return "tail_floats"


def _spread(graph: onnx.GraphProto, last: str, seen: Sequence[int], classes: int) -> str:
    places = np.zeros((len(seen), classes), dtype=np.float32)
    places[np.arange(len(seen)), list(seen)] = 1.0
    _constant(graph, "tail_places", places)
    graph.node.append(helper.make_node("MatMul", [last, "tail_places"], ["tail_spread"]))
    return "tail_spread"


def _calibrate(graph: onnx.GraphProto, last: str, calibration: Calibration) -> str:
    _constant(graph, "tail_smallest", np.array(SMALLEST, dtype=np.float32))
    _constant(graph, "tail_scale", np.array(calibration.scale, dtype=np.float32))
    _constant(graph, "tail_shift", np.array(calibration.shift, dtype=np.float32))
    graph.node.extend(
        [
            helper.make_node("Max", [last, "tail_smallest"], ["tail_positive"]),
            helper.make_node("Log", ["tail_positive"], ["tail_logs"]),
            helper.make_node("Mul", ["tail_logs", "tail_scale"], ["tail_scaled"]),
            helper.make_node("Add", ["tail_scaled", "tail_shift"], ["tail_scores"]),
            helper.make_node("Softmax", ["tail_scores"], ["tail_softmax"], axis=1),
        ]
    )
    return "tail_softmax"


def _constant(graph: onnx.GraphProto, name: str, value: NDArray[np.float32]) -> None:
    graph.initializer.append(numpy_helper.from_array(value, name))
