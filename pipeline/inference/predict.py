"""`flowers predict`: classifies images batch by batch."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from data.common.errors import UsageError
from data.common.formatting import format_list, shell_word
from pipeline.inference.input_images import InputImage
from pipeline.lazy_tensorflow import import_tensorflow, load_saved_model
from pipeline.root_files import SERVING_FOLDER

# Images per request, which are in memory at the same time. A request also ends with the image with
# which it has BATCH_BYTES: servers limit the size of a request, which Base64 makes a third larger.
# `flowers serve` takes 64 MiB, so that an image of up to 32 MiB fits.
BATCH_SIZE = 32
BATCH_BYTES = 16 << 20
SIGNATURE, INPUT = "serving_bytes", "image_bytes"


class Prediction(BaseModel):
    """The outputs of `serving_bytes` for one image, see `components.trainer.export`."""

    model_config = ConfigDict(frozen=True)

    label: str
    class_id: int
    probabilities: list[float]


class ImageRejected(Exception):
    """The model cannot classify an image of a request; the message is the reason."""


class Classifier(Protocol):
    """A model in this process or on a server.

    Attributes:
      names: The class names by class id, or None if only the server knows them.
    """

    @property
    def names(self) -> Sequence[str] | None: ...

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        """Returns one prediction for each of one or more encoded images.

        Raises:
          ImageRejected: An image cannot be classified.
          UsageError: The server cannot be reached, does not serve the model, or failed.
        """


@dataclass
class Failures:
    """The images without a prediction."""

    number: int = 0
    named: list[str] = field(default_factory=list)

    def add(self, image: InputImage) -> None:
        """Counts an image, and remembers its path if the user named it."""
        self.number += 1
        if image.named:
            self.named.append(image.path)


def predict(
    model: Classifier, images: Iterable[InputImage], failures: Failures | None = None
) -> Iterator[dict[str, Any]]:
    """Classifies images in order, with at most one batch of them in memory.

    Args:
      model: The model.
      images: The images.
      failures: Where images without a prediction are counted; None if nobody asks.

    Yields:
      `path`, for a record also `source` if it names one, and `label` and `probabilities` (by class
      name, or by class id if the names are unknown) or `error`.

    Raises:
      UsageError: The classes of the model differ from `model.names`.
    """
    for batch in _split(images):
        readable = [image for image in batch if not image.error]
        results = iter(_classify(model, [image.content for image in readable]))
        for image in batch:
            result = {"error": image.error} if image.error else next(results)
            if failures and "error" in result:
                failures.add(image)
            yield {
                "path": image.path, **({"source": image.source} if image.source else {}), **result
            }  # fmt: skip


def _split(images: Iterable[InputImage]) -> Iterator[list[InputImage]]:
    """Splits images into requests; no image of the next one is read before one is needed."""
    batch: list[InputImage] = []
    size = 0
    for image in images:
        batch.append(image)
        size += len(image.content)
        if len(batch) == BATCH_SIZE or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _classify(model: Classifier, images: Sequence[bytes]) -> list[dict[str, Any]]:
    """Classifies images in one request, or one by one if the request is rejected."""
    if not images:
        return []
    try:
        return [_to_result(prediction, model.names) for prediction in model.classify(images)]
    except ImageRejected as error:
        if len(images) == 1:
            return [{"error": str(error)}]
        return [result for image in images for result in _classify(model, [image])]


def _to_result(prediction: Prediction, names: Sequence[str] | None) -> dict[str, Any]:
    """Returns `label` and `probabilities`, by class name or, without names, by class id."""
    values = prediction.probabilities
    if names is None:
        names = [str(class_id) for class_id in range(len(values))]
    elif len(names) != len(values) or _name_of(prediction.class_id, names) != prediction.label:
        raise UsageError(
            f"--root: its classes differ from those of the model at --url, which has {len(values)} "
            f"and where class {prediction.class_id} is {prediction.label}; --root has "
            f"{format_list(names)}. Without --root the probabilities are listed by class id"
        )
    return {"label": prediction.label, "probabilities": dict(zip(names, values, strict=True))}


def _name_of(class_id: int, names: Sequence[str]) -> str | None:
    return names[class_id] if 0 <= class_id < len(names) else None


@contextlib.contextmanager
def bad_images_rejected() -> Iterator[None]:
    """Turns TensorFlow's errors about an image into ImageRejected."""
    errors = import_tensorflow().errors
    try:
        yield
    except errors.InvalidArgumentError as error:
        raise ImageRejected("the image is damaged") from error
    except errors.OpError as error:
        raise ImageRejected(error.message) from error


class LoadedModel:
    """An exported model, loaded into this process."""

    def __init__(self, path: str):
        """Loads the SavedModel in the folder `path`, which may be on gs://."""
        self._tf = import_tensorflow()
        self._model, self.names = load_saved_model(path)

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        with bad_images_rejected():
            outputs = self._model.signatures[SIGNATURE](**{INPUT: self._tf.constant(images)})
        return parse_outputs({name: value.numpy() for name, value in outputs.items()})


class PushedModel(LoadedModel):
    """The newest pushed model under a root."""

    def __init__(self, root: Path):
        """Loads the model.

        Raises:
          UsageError: No model was pushed.
        """
        from components.model_store.local import LocalStore

        serving = root / SERVING_FOLDER
        version = LocalStore(serving).newest_version()
        if not version:
            command = f"flowers run --root {shell_word(str(root))}"
            raise UsageError(f"--root: no model was pushed to {serving}; {command} trains one")
        super().__init__(str(serving / str(version)))


def parse_outputs(outputs: dict[str, Any]) -> list[Prediction]:
    """Converts the outputs of the signature, NumPy arrays by name, to one prediction per image.

    Raises:
      KeyError: An output of `serving_bytes` is missing.
    """
    columns = (outputs["label"], outputs["class_id"], outputs["probabilities"])
    return [
        Prediction(label=label.decode(), class_id=class_id, probabilities=values.tolist())
        for label, class_id, values in zip(*columns, strict=True)
    ]
