"""Classifies images with a TensorFlow Lite file, as `flowers predict --tflite` does."""

from collections.abc import Sequence
from pathlib import Path

from data.common.errors import UsageError
from pipeline.inference.predict import Prediction, bad_images_rejected
from pipeline.lazy_tensorflow import hidden_errors, import_tensorflow


class LiteClassifier:
    """A TensorFlow Lite file of this project, with the decoding and resizing of the SavedModel."""

    def __init__(self, path: Path):
        """Loads the file.

        Raises:
          UsageError: The file cannot be read, or is not one that this project wrote.
        """
        self._tf = import_tensorflow()
        from components.lite.interpreter import LiteModel

        try:
            content = path.read_bytes()
            with hidden_errors():
                self._model = LiteModel(content)
        except OSError as error:
            raise UsageError(f"--tflite: {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(
                f"--tflite: {path} is not a TensorFlow Lite file that this project wrote: {error}; "
                "a run with push.formats=[saved_model, tflite] writes one under its root"
            ) from error
        self.names = self._model.names

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        return [self._classify(image) for image in images]

    def _classify(self, image: bytes) -> Prediction:
        from components.transform.preprocessing import preprocess

        with bad_images_rejected():
            pixels = preprocess(self._tf.constant(image), self._model.image_size).numpy()
        values = self._model.probabilities(pixels)
        class_id = int(values.argmax())
        return Prediction(
            label=self.names[class_id], class_id=class_id, probabilities=values.tolist()
        )
