"""The answer to a predict request, in TensorFlow Serving's JSON."""

import base64
import json
from typing import Any

import numpy as np

from pipeline.serving.signature import Outputs

# Strings of outputs with such a name are in Base64, others are text.
_BYTES_SUFFIX = "_bytes"


def format_rows(outputs: Outputs) -> bytes:
    """Returns the answer to a request in row format: an object of named outputs per instance.

    Without names, if there is only one output.
    """
    columns = {name: _to_json(name, value) for name, value in outputs.items()}
    if len(columns) == 1:
        return _dump({"predictions": next(iter(columns.values()))})
    rows = zip(*columns.values(), strict=True)
    return _dump({"predictions": [dict(zip(columns, row, strict=True)) for row in rows]})


def format_columns(outputs: Outputs) -> bytes:
    """Returns the answer to a request in columnar format: a list for each output."""
    columns = {name: _to_json(name, value) for name, value in outputs.items()}
    return _dump({"outputs": next(iter(columns.values())) if len(columns) == 1 else columns})


def _to_json(name: str, value: np.ndarray) -> Any:
    if value.dtype != object:
        return value.tolist()
    if name.endswith(_BYTES_SUFFIX):
        return [{"b64": base64.b64encode(text).decode()} for text in value]
    return [text.decode(errors="replace") for text in value]


def _dump(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
