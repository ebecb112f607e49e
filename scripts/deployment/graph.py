"""The ONNX graph of a model: named, folded, with its classes and preprocessing written inside."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

INPUT, PROBABILITIES, HEAT = "images", "probabilities", "heat"
BATCH = "batch"


def fold_constants(source: Path, target: Path) -> None:
    """Fold constants and batch normalisation into the weights; only standard operators remain.

    https://onnxruntime.ai/docs/performance/model-optimizations/graph-optimizations.html
    """
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def name_and_describe(model: onnx.ModelProto, told: dict) -> bool:
    """Give a model its names, its class activation maps and its description, in place.

    Args:
        model: of `fold_constants`, from uint8 (batch, size, size, 3) to probabilities (batch, K).
        told: model.json of the trained model.

    Returns:
        Whether the model has the output `heat`, see `add_heat`.

    Raises:
        onnx.checker.ValidationError: the graph is not valid.
    """
    graph = model.graph
    _rename(graph, graph.input[0].name, INPUT)
    _rename(graph, graph.output[0].name, PROBABILITIES)
    has_heat = add_heat(graph)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    del graph.value_info[:]
    graph.initializer.sort(key=lambda tensor: tensor.name)
    used = {node.domain for node in graph.node}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    model.producer_name, model.producer_version = "zest", ""
    helper.set_model_props(model, describe(told))
    onnx.checker.check_model(model, full_check=True)
    return has_heat


def describe(told: dict) -> dict[str, str]:
    """Return what a model carries in its metadata: JSON of its classes and of its preprocessing.

    The mean and the standard deviation are left out: the graph normalises by itself.
    """
    preprocessing = {key: told["preprocessing"][key] for key in ("fit", "image_size", "colour")}
    return {
        "architecture": told["architecture"],
        "precision": "float32",
        "classes": json.dumps(told["classes"], ensure_ascii=False),
        "preprocessing": json.dumps(preprocessing),
    }


def add_heat(graph: onnx.GraphProto) -> bool:
    """Add the output `heat`, float32 (batch, K, h, w): the class activation maps.

    Where a network ends in the mean over the places of its last maps and one linear layer, the
    share of a place in the logit of a class is the weighted sum of the maps there (Zhou et al.
    2016, "Learning Deep Features for Discriminative Localization", section 2). It is what Grad-CAM
    gives for such a network, before negative values are cut off.

    Returns:
        Whether the network ends in this way; the graph is left alone where it does not.
    """
    ending = _ending(graph)
    if ending is None:
        return False
    maps, weights = ending  # (classes, channels)
    kernel = numpy_helper.from_array(
        np.ascontiguousarray(weights[:, :, None, None]), "heat_weights"
    )
    graph.initializer.append(kernel)
    graph.node.append(helper.make_node("Conv", [maps, kernel.name], [HEAT], name=HEAT))
    shape = [BATCH, len(weights), "heat_rows", "heat_columns"]
    graph.output.append(helper.make_tensor_value_info(HEAT, onnx.TensorProto.FLOAT, shape))
    return True


def _ending(graph: onnx.GraphProto) -> tuple[str, np.ndarray] | None:
    """Return the last maps and the weights, float32 (K, channels), of the linear layer, or None."""
    made_by = {name: node for node in graph.node for name in node.output}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    softmax = made_by.get(PROBABILITIES)
    linear = made_by.get(softmax.input[0]) if softmax is not None else None
    if linear is None or linear.op_type != "Gemm" or linear.input[1] not in constants:
        return None
    weights = numpy_helper.to_array(constants[linear.input[1]])
    transposed = any(one.name == "transB" and one.i for one in linear.attribute)
    node = made_by.get(linear.input[0])
    while node is not None and node.op_type in ("Flatten", "Identity", "Reshape", "Squeeze"):
        node = made_by.get(node.input[0])
    if node is None or node.op_type != "GlobalAveragePool":
        return None
    return node.input[0], weights if transposed else weights.T


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new
