"""What was found out about a TensorFlow Lite file; importing it does not import TensorFlow."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from components.artifacts import file_exists

# In the artifact of the serving check, and in `exports/<version>/`.
LITE_FILE = "model.tflite"


@dataclass(frozen=True)
class LiteResult:
    """A TensorFlow Lite file, compared with the network that it was converted from.

    Only `precision` and `problems` if the network could not be converted.

    Attributes:
      precision: The value of `push.tflite`.
      problems: Why the file must not be published, one problem per line; empty if it may be.
      megabytes: Size of the file, in powers of 1,000.
      n: Number of test images.
      accuracy: Its accuracy on them, by the interpreter of TensorFlow Lite.
      model_accuracy: The accuracy of the network.
      gained: Number of test images that only the file classifies correctly.
      lost: Number of test images that only the network classifies correctly.
      p_value: Two-sided p-value of McNemar's exact test.
      latency_ms: Median time for an image on one thread, without decoding and resizing it.
    """

    precision: str
    problems: Sequence[str] = field(default_factory=list)
    megabytes: float = 0
    n: int = 0
    accuracy: float = 0
    model_accuracy: float = 0
    gained: int = 0
    lost: int = 0
    p_value: float = 1
    latency_ms: float = 0

    @property
    def loss(self) -> float:
        """How much lower its accuracy is than the network's; negative if it is higher."""
        return self.model_accuracy - self.accuracy


def find_exports(serving_check: str) -> dict[str, str]:
    """Returns the paths of the other formats in the artifact of a serving check, by file name."""
    exists = file_exists(serving_check, LITE_FILE)
    return {LITE_FILE: os.path.join(serving_check, LITE_FILE)} if exists else {}


def format_lite(result: LiteResult) -> str:
    """Returns the result in one line, without its problems."""
    if not result.n:
        return f"TensorFlow Lite, {result.precision}: none"
    return (
        f"TensorFlow Lite, {result.precision}: {result.megabytes:.2f} MB, accuracy "
        f"{result.accuracy:.3f} on {result.n} test images, the SavedModel's "
        f"{result.model_accuracy:.3f} ({result.gained} are correct only with TensorFlow Lite, "
        f"{result.lost} only with the SavedModel; McNemar's exact test: p = {result.p_value:.4f}), "
        f"{result.latency_ms:.1f} ms an image on one thread"
    )
