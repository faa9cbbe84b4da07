"""How a TensorFlow Lite file compares with its network; it does not import TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from data.common.formatting import format_p_value

Precision = Literal["float32", "float16", "int8"]
# In the artifact of the serving check, and in `exports/<version>/`.
LITE_FILE = "model.tflite"


@dataclass(frozen=True)
class LiteResult:
    """A TensorFlow Lite file, compared with the network that it was converted from.

    Without a `digest` there is no file, because the network could not be converted.

    Attributes:
      precision: The value of `push.tflite`.
      problems: Why the file must not be published, one problem per line; empty if it may be.
      digest: Hex SHA-256 of the file.
      megabytes: Size of the file, in powers of 1,000.
      n: Number of test images.
      accuracy: Its accuracy on them, by the interpreter of TensorFlow Lite.
      model_accuracy: The accuracy of the network.
      gained: Number of test images that only the file classifies correctly.
      lost: Number of test images that only the network classifies correctly.
      p_value: Two-sided p-value of McNemar's exact test.
      latency_ms: Median time for an image on one thread, without decoding and resizing it.
    """

    precision: Precision
    problems: Sequence[str] = field(default_factory=list)
    digest: str = ""
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
        # The difference of the accuracies would have rounding errors.
        return (self.lost - self.gained) / self.n if self.n else 0.0


def format_lite(result: LiteResult) -> str:
    """Returns the result in one line, without its problems."""
    if not result.n:
        return f"TensorFlow Lite, {result.precision}: not measured"
    return (
        f"TensorFlow Lite, {result.precision}: {result.megabytes:.2f} MB, accuracy "
        f"{result.accuracy:.3f} on {result.n} test images, the SavedModel's "
        f"{result.model_accuracy:.3f} ({result.gained} are correct only with TensorFlow Lite, "
        f"{result.lost} only with the SavedModel; McNemar's exact test: "
        f"{format_p_value(result.p_value)}), "
        f"{result.latency_ms:.1f} ms an image on one thread"
    )
