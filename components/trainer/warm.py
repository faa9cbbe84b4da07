"""Warm start: a training that begins with the weights of a model that was trained before."""

from collections.abc import Sequence

import tensorflow as tf

from components.artifacts import copied_here
from components.trainer.models import build_model
from components.trainer.options import ModelSettings, TrainingOptions, WarmStart


def load_trained(
    settings: ModelSettings, image_size: int, classes: int, weights: str
) -> tf.keras.Model:
    """Returns a network with the weights that `export.save_weights` wrote; may be on gs://."""
    model = build_model(settings.bare, image_size, classes)
    with copied_here(weights) as file:
        model.load_weights(file)
    return model


def take_over(
    model: tf.keras.Model, options: TrainingOptions, class_names: Sequence[str], start: WarmStart
) -> None:
    """Gives a new network the weights of an earlier one.

    What the last layer knows of a class goes to that class; a class that is new keeps the random
    weights with which its network was built.

    Args:
      model: built as `options` say, for `class_names`.
      options: of the new training; the earlier one was of the same network.
      class_names: in the order of their ids.
      start: the earlier model.
    """
    then = options.model.model_copy(update={"frozen": start.frozen})
    known = start.class_names
    with tf.device("/CPU:0"):
        old = load_trained(then, options.image_size, len(known), start.weights).get_weights()
    shared = [name for name in class_names if name in known]
    here, there = ([names.index(n) for n in shared] for names in (list(class_names), known))
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
