"""The signatures of a SavedModel, in the form of TensorFlow Serving's metadata API."""

from pathlib import Path
from typing import Any

from pipeline.lazy_tensorflow import import_tensorflow

_FILE = "saved_model.pb"
_TAG = "serve"


def read_signatures(folder: Path) -> dict[str, Any]:
    """Returns inputs, outputs and method of each signature of a SavedModel, by its name.

    The values have the form of `tensorflow.SignatureDef` as JSON.
    """
    import_tensorflow()
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel.FromString((folder / _FILE).read_bytes())
    graph = next(graph for graph in saved.meta_graphs if _TAG in graph.meta_info_def.tags)
    return {
        name: {
            "inputs": {key: _describe_tensor(t) for key, t in sorted(signature.inputs.items())},
            "outputs": {key: _describe_tensor(t) for key, t in sorted(signature.outputs.items())},
            "method_name": signature.method_name,
        }
        for name, signature in sorted(graph.signature_def.items())
    }


def _describe_tensor(tensor: Any) -> dict[str, Any]:
    from tensorflow.core.framework import types_pb2

    return {
        "dtype": types_pb2.DataType.Name(tensor.dtype),
        "tensor_shape": {
            # 64-bit integers are strings in the JSON of protocol buffers.
            "dim": [{"size": str(d.size), "name": d.name} for d in tensor.tensor_shape.dim],
            "unknown_rank": tensor.tensor_shape.unknown_rank,
        },
        "name": tensor.name,
    }
