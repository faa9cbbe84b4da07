"""`flowers predict`: what a model says of images, a batch at a time."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from data.common.errors import UsageError
from data.common.formatting import format_list
from pipeline.inference.input_images import InputImage
from pipeline.lazy_tensorflow import import_tensorflow

# Images in a request: as many are in memory at once, encoded.
BATCH = 32
SIGNATURE, INPUT = "serving_bytes", "image_bytes"


class Prediction(BaseModel):
    """What the signature `serving_bytes` returns of one image; see `components.trainer.export`."""

    model_config = ConfigDict(frozen=True)

    label: str
    class_id: int
    probabilities: list[float]


class ImageRejected(Exception):
    """A model can't classify an image, or one of a batch; the message is the reason."""


class Classifier(Protocol):
    """A model, here or on a server.

    Attributes:
      names: the classes, in the order of their ids; None where only a server knows them.
    """

    @property
    def names(self) -> Sequence[str] | None: ...

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        """Returns a prediction for each encoded image, of which there is one at least.

        Raises:
          Refused: an image is bad.
        """


def predict(model: Classifier, images: Iterable[InputImage]) -> Iterator[dict[str, Any]]:
    """Yields one answer an image, in their order; at most a batch of them is in memory.

    Args:
      model: who is asked.
      images: see `pipeline.inference.input_images.read_images`.

    Yields:
      `path`, `label` and `probabilities` (by class name, or by class id where no names are known),
      or `path` and `error`.

    Raises:
      UsageError: the model's classes are not those that `names` has.
    """
    left = iter(images)
    while batch := list(islice(left, BATCH)):
        readable = [image for image in batch if not image.error]
        found = iter(_classify(model, [image.content for image in readable]))
        for image in batch:
            answer = {"error": image.error} if image.error else next(found)
            yield {"path": image.path, **answer}


def _classify(model: Classifier, images: Sequence[bytes]) -> list[dict[str, Any]]:
    """Asks about all images at once; if one of them is bad, about each alone."""
    if not images:
        return []
    try:
        return [_named(prediction, model.names) for prediction in model.classify(images)]
    except ImageRejected as refused:
        if len(images) == 1:
            return [{"error": str(refused)}]
        return [answer for image in images for answer in _classify(model, [image])]


def _named(prediction: Prediction, names: Sequence[str] | None) -> dict[str, Any]:
    """Returns `label` and `probabilities`, these by class name, or by class id without names."""
    values = prediction.probabilities
    if names is None:
        names = [str(class_id) for class_id in range(len(values))]
    elif len(names) != len(values) or _name_of(prediction.class_id, names) != prediction.label:
        raise UsageError(
            f"--root: its classes are not those of the model at --url, which has {len(values)} and "
            f"says that class {prediction.class_id} is {prediction.label}; --root has "
            f"{format_list(names)}. Without --root the probabilities come by class id"
        )
    return {"label": prediction.label, "probabilities": dict(zip(names, values, strict=True))}


def _name_of(class_id: int, names: Sequence[str]) -> str | None:
    return names[class_id] if 0 <= class_id < len(names) else None


class PushedModel:
    """The newest pushed model under a root, in this process."""

    def __init__(self, root: Path):
        """Loads it.

        Raises:
          UsageError: no model was pushed.
        """
        path = _newest_model(root)
        self._tf = import_tensorflow()
        self._model = self._tf.saved_model.load(str(path))
        self.names: Sequence[str] = [name.decode() for name in self._model.class_names().numpy()]

    def classify(self, images: Sequence[bytes]) -> list[Prediction]:
        """See `Classifier`."""
        errors = self._tf.errors
        try:
            answer = self._model.signatures[SIGNATURE](**{INPUT: self._tf.constant(images)})
        except errors.InvalidArgumentError as error:
            raise ImageRejected("no JPEG, PNG, GIF or BMP image, or a broken one") from error
        except errors.OpError as error:
            raise ImageRejected(error.message) from error
        return predictions({name: value.numpy() for name, value in answer.items()})


def predictions(outputs: dict[str, Any]) -> list[Prediction]:
    """Returns the outputs of the signature, NumPy arrays by name, as a prediction for each image.

    Raises:
      KeyError: they are not those of `serving_bytes`.
    """
    columns = (outputs["label"], outputs["class_id"], outputs["probabilities"])
    return [
        Prediction(label=label.decode(), class_id=class_id, probabilities=values.tolist())
        for label, class_id, values in zip(*columns, strict=True)
    ]


def _newest_model(root: Path) -> Path:
    from components.model_store.local import LocalStore

    version = LocalStore(root / "serving").newest_version()
    if not version:
        raise UsageError(
            f"--root: no model was pushed to {root / 'serving'}; "
            f"flowers run --root {root} trains one"
        )
    return root / "serving" / str(version)
