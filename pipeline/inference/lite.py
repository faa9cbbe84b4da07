"""Classifies images with a TensorFlow Lite file, as `flowers predict --tflite` does."""

from collections.abc import Sequence
from pathlib import Path

from data.common.errors import UsageError
from pipeline.inference.predict import ImageRejected, Prediction
from pipeline.lazy_tensorflow import import_tensorflow


class LiteClassifier:
    """A TensorFlow Lite file of this project, with the decoding and resizing of the SavedModel."""

    def __init__(self, path: Path):
        """Loads the file.

        Raises:
          UsageError: The file cannot be read, or is none of this project's.
        """
        self._tf = import_tensorflow()
        from components.lite.interpreter import LiteModel

        try:
            self._model = LiteModel(path.read_bytes())
        except OSError as error:
            raise UsageError(f"--tflite: {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(
                f"--tflite: {path} is no TensorFlow Lite file of this project: {error}; "
                "`push.formats` tells how a run writes one"
            ) from error
        self.names = self._model.names

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        return [self._classify(image) for image in images]

    def _classify(self, image: bytes) -> Prediction:
        from components.transform.preprocessing import preprocess

        try:
            pixels = preprocess(self._tf.constant(image), self._model.image_size).numpy()
        except self._tf.errors.InvalidArgumentError as error:
            raise ImageRejected("the image is damaged") from error
        values = self._model.probabilities(pixels)
        class_id = int(values.argmax())
        return Prediction(
            label=self.names[class_id], class_id=class_id, probabilities=values.tolist()
        )
