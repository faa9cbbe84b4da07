"""The answer to a predict request, in TensorFlow Serving's JSON."""

import json
from typing import Any

import numpy as np

from pipeline.serving.signature import Outputs


def format_rows(outputs: Outputs) -> bytes:
    """Returns the answer to a request in row format: an object of named outputs per instance."""
    columns = _to_json(outputs)
    rows = zip(*columns.values(), strict=True)
    return _dump({"predictions": [dict(zip(columns, row, strict=True)) for row in rows]})


def format_columns(outputs: Outputs) -> bytes:
    """Returns the answer to a request in columnar format: a list for each output."""
    return _dump({"outputs": _to_json(outputs)})


def _to_json(outputs: Outputs) -> dict[str, list[Any]]:
    """Returns the outputs as lists; strings as text, because no name ends in `_bytes`."""
    return {name: _to_list(value) for name, value in outputs.items()}


def _to_list(value: np.ndarray) -> list[Any]:
    if value.dtype == object:
        return [text.decode(errors="replace") for text in value]
    values: list[Any] = value.tolist()
    return values


def _dump(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
