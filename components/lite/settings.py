"""The precisions of a TensorFlow Lite file."""

from typing import Literal

Precision = Literal["float32", "float16", "int8"]
