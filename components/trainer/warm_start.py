"""Warm start: a training that starts from the weights of an earlier model."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from components.artifacts import copied_here
from components.image_hashes import read_seen
from components.trainer.models import build_model
from components.trainer.models.classifier import Classifier
from components.trainer.settings import ModelSettings, TrainingSettings, WarmStart
from data.common.errors import UsageError


def find_seen_images(hashes: Mapping[str, np.ndarray], start: WarmStart | None) -> np.ndarray:
    """Returns the hashes of the images that a model sees in its training and has seen before it.

    Args:
      hashes: See `components.image_hashes.read_hashes`.
      start: The model that the training starts from.

    Raises:
      UsageError: That model has seen test images, which could not judge the new model.
    """
    current = np.concatenate([hashes["train"], hashes["eval"]])
    if start is None:
        return current
    seen = read_seen(start.model)
    number = len(hashes["test"]) if seen is None else int(np.isin(hashes["test"], seen).sum())
    if number:
        raise UsageError(
            f"model.warm_start: version {start.version} has seen {number} of the "
            f"{len(hashes['test'])} test images, which therefore cannot judge a model that starts "
            "from it; --set model.warm_start=none starts cold"
        )
    return np.concatenate([current, seen])


def load_trained(
    settings: ModelSettings, image_size: int, classes: int, weights: str
) -> tf.keras.Model:
    """Returns a network with the weights that `export.save_weights` wrote, local or on gs://."""
    model = build_model(settings.bare, image_size, classes)
    with copied_here(weights) as file:
        model.load_weights(file)
    return model


def earlier_weights(settings: TrainingSettings, start: WarmStart) -> list[np.ndarray]:
    """Returns the weights of an earlier model of this network, in the order of `Model.weights`."""
    network = settings.model.model_copy(update={"frozen": start.frozen})
    with tf.device("/CPU:0"):
        model = load_trained(network, settings.image_size, len(start.class_names), start.weights)
    return list(model.get_weights())


def transfer_weights(
    model: Classifier,
    weights: list[np.ndarray],
    old_classes: Sequence[str],
    new_classes: Sequence[str],
) -> None:
    """Sets the weights of a new network to those of an earlier one.

    The last layer's weights move with their class; a new class keeps its random initial weights.

    Args:
      model: The new network, just built.
      weights: See `earlier_weights`; modified.
      old_classes: Class names of the earlier model, in the order of their ids.
      new_classes: Those of the new network.
    """
    shared = [name for name in new_classes if name in old_classes]
    new_ids, old_ids = (
        [list(names).index(name) for name in shared] for names in (new_classes, old_classes)
    )
    initial = model.get_weights()
    for index in _last_layer(model):
        initial[index][..., new_ids] = weights[index][..., old_ids]
        weights[index] = initial[index]
    model.set_weights(weights)


def _last_layer(model: Classifier) -> list[int]:
    """Returns the indices in `Model.weights` of the kernel and bias before the softmax."""
    last = {id(variable) for variable in model.last_layer.weights}
    return [index for index, variable in enumerate(model.weights) if id(variable) in last]
