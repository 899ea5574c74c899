"""One spelling of an ONNX model, so that equal models are equal files."""

import onnx


def canonical(content: bytes) -> bytes:
    """The same model, with what has no order in order.

    skl2onnx and onnxmltools collect the operator sets in a set, whose order differs from process
    to process, and onnxmltools gives the graph a random name. A model that equals the champion
    would not be identical to it.

    Args:
        content: ONNX model.
    """
    model = onnx.load_from_string(content)
    model.graph.name = "model"
    for fields, name in (
        (model.opset_import, "domain"),
        (model.metadata_props, "key"),
        (model.graph.value_info, "name"),
        (model.graph.initializer, "name"),
    ):
        fields.sort(key=lambda field, name=name: getattr(field, name))
    return bytes(model.SerializeToString(deterministic=True))
