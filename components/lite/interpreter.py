"""Runs a TensorFlow Lite file that this project has written."""

import warnings

import numpy as np
import tensorflow as tf

from components.lite.convert import INPUT, OUTPUT, read_labels
from data.common.cores import available_cores


class LiteModel:
    """A TensorFlow Lite file in memory.

    Attributes:
      names: The class names in the order of their ids.
      image_size: The side of its input in pixels.
    """

    def __init__(self, content: bytes, threads: int | None = None):
        """Loads the content of a file.

        Args:
          content: The content.
          threads: The number of threads; None for one on each core.

        Raises:
          ValueError: It is not a TensorFlow Lite file that this project wrote.
        """
        self.names = read_labels(content)
        with warnings.catch_warnings():
            # TensorFlow 2.21 recommends another package, which TFX 1.16 does not have.
            warnings.simplefilter("ignore")
            interpreter = tf.lite.Interpreter(
                model_content=content, num_threads=threads or available_cores()
            )
        try:
            self._run = interpreter.get_signature_runner()
            image = self._run.get_input_details()[INPUT]
            answer = self._run.get_output_details()[OUTPUT]
        except (ValueError, KeyError) as error:
            raise ValueError(f"it has no input {INPUT!r} and output {OUTPUT!r}") from error
        self.image_size = int(image["shape"][1])
        shapes = {
            INPUT: (image, np.uint8, [1, self.image_size, self.image_size, 3]),
            OUTPUT: (answer, np.float32, [1, len(self.names)]),
        }
        for name, (details, dtype, shape) in shapes.items():
            received: list[int] = details["shape"].tolist()
            if details["dtype"] != dtype or received != shape:
                raise ValueError(
                    f"{name!r} is {np.dtype(details['dtype']).name} {received} "
                    f"instead of {np.dtype(dtype).name} {shape}"
                )

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """Returns the probabilities, float32 [classes], of an image, uint8 [size, size, 3]."""
        answer: np.ndarray = self._run(**{INPUT: image[None]})[OUTPUT][0]
        return answer
