"""Warm start: a training that begins with the weights of a model that was trained before."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.artifacts import copied_here
from components.trainer.models import build_model
from components.trainer.settings import ModelSettings, TrainingSettings, WarmStart


def load_trained(
    settings: ModelSettings, image_size: int, classes: int, weights: str
) -> tf.keras.Model:
    """Returns a network with the weights that `export.save_weights` wrote; may be on gs://."""
    model = build_model(settings.bare, image_size, classes)
    with copied_here(weights) as file:
        model.load_weights(file)
    return model


def earlier_weights(options: TrainingSettings, start: WarmStart) -> list[np.ndarray]:
    """Returns the weights of an earlier model, in the order of `Model.weights`.

    Args:
      options: of the new training; the earlier one was of the same network.
      start: the earlier model.
    """
    then = options.model.model_copy(update={"frozen": start.frozen})
    with tf.device("/CPU:0"):
        model = load_trained(then, options.image_size, len(start.class_names), start.weights)
    weights: list[np.ndarray] = model.get_weights()
    return weights


def transfer_weights(
    model: tf.keras.Model, old: list[np.ndarray], known: Sequence[str], class_names: Sequence[str]
) -> None:
    """Gives a new network the weights of an earlier one.

    What the last layer knows of a class goes to that class; a class that is new keeps the random
    weights with which its network was built.

    Args:
      model: just built, for `class_names`.
      old: see `earlier_weights`; for the classes `known`.
      known: in the order of their ids.
      class_names: in the order of their ids.
    """
    shared = [name for name in class_names if name in known]
    here, there = ([list(names).index(n) for n in shared] for names in (class_names, known))
    # The kernel and the bias of the layer that all networks end with; see `probabilities`.
    new = model.get_weights()
    for index in _last_layer(model):
        new[index][..., here] = old[index][..., there]
        old[index] = new[index]
    model.set_weights(old)


def _last_layer(model: tf.keras.Model) -> list[int]:
    """Returns which of the model's weights are those of the layer before the softmax."""
    last = {id(variable) for variable in model.layers[-2].weights}
    return [index for index, variable in enumerate(model.weights) if id(variable) in last]
