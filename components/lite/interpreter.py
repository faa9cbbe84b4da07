"""Runs a TensorFlow Lite file that this project has written."""

import numpy as np
import tensorflow as tf

from components.lite.convert import INPUT, OUTPUT, read_labels


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
          threads: The number of threads; None for the default of TensorFlow Lite.

        Raises:
          ValueError: It is no TensorFlow Lite file of this project.
        """
        self.names = read_labels(content)
        interpreter = tf.lite.Interpreter(model_content=content, num_threads=threads)
        try:
            (image,) = interpreter.get_input_details()
            _, height, width, _ = image["shape"]
            self._run = interpreter.get_signature_runner()
            outputs = self._run.get_output_details()
            as_ours = image["dtype"] == np.uint8 and height == width and OUTPUT in outputs
        except (ValueError, KeyError):
            as_ours = False
        if not as_ours:
            raise ValueError("its input and output are not those of this project's files")
        self.image_size = int(height)

    def probabilities(self, image: np.ndarray) -> np.ndarray:
        """Returns the probabilities, float32 [classes], of an image, uint8 [size, size, 3]."""
        answer: np.ndarray = self._run(**{INPUT: image[None]})[OUTPUT][0]
        return answer
