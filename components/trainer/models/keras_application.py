"""Any network of tf.keras.applications, with its own preprocessing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tensorflow as tf

from components.artifacts import copied_here
from components.trainer.devices import several_replicas
from components.trainer.models.classifier import Classifier, probabilities
from components.trainer.settings import NO_WEIGHTS, ModelSettings


def keras_application(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """The network that `settings.application` names, with a new last layer.

    Papers and parameter counts: https://keras.io/api/applications; MobileNetV2 has 2,264,389 for 5
    classes.

    Args:
      settings: its name, where its weights come from, and whether they are trained.
      image_size: side of the square image in pixels.
      classes: number of classes.

    Returns:
      A model from float32 [batch, image_size, image_size, 3] in [0, 1] to float32 [batch, classes].

    Raises:
      ValueError: there is no such network, or it takes no image of that size.
    """
    return application(settings.application, settings, image_size, classes)


def application(name: str, settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """See `keras_application`."""
    build = getattr(tf.keras.applications, name, None)
    if not callable(build):
        known = [name for name in dir(tf.keras.applications) if name[0].isupper()]
        raise ValueError(f"tf.keras.applications has no {name!r}; it has {', '.join(known)}")
    shape = [image_size, image_size, 3]
    with _weights(settings) as weights:
        base = build(include_top=False, weights=weights, input_shape=shape)
    if several_replicas():
        base = _synchronized(base)
    base.trainable = not settings.frozen
    image = tf.keras.Input(shape)
    # Its own preprocessing takes 0 to 255, in full precision.
    scale = sys.modules[build.__module__].preprocess_input
    # Frozen, its averages must not move either, which `training` would have them do.
    x = base(
        _Preprocess(scale, dtype="float32")(image), training=False if settings.frozen else None
    )
    x = tf.keras.layers.GlobalAveragePooling2D()(x)
    return Classifier(image, probabilities(x, classes), name=name.lower())


@contextmanager
def _weights(settings: ModelSettings) -> Iterator[str | None]:
    """Yields what Keras takes for weights: None, a name, or the path of a file here."""
    if not settings.weights_file:
        yield None if settings.weights == NO_WEIGHTS else settings.weights
        return
    with copied_here(settings.weights_file) as file:
        yield file


def _synchronized(base: tf.keras.Model) -> tf.keras.Model:
    """Returns the same network, whose BatchNormalization averages over all replicas.

    A replica's own batch, 16 on a TPU, is too small an average.
    """

    def again(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            config["synchronized"] = True
        return type(layer).from_config(config)

    clone = tf.keras.models.clone_model(base, clone_function=again)
    clone.set_weights(base.get_weights())
    return clone


class _Preprocess(tf.keras.layers.Layer):
    """Brings [0, 1] into the range that a network was trained with."""

    def __init__(self, scale: Callable[[tf.Tensor], tf.Tensor], **kwargs: object):
        super().__init__(**kwargs)
        self._scale = scale

    def call(self, image: tf.Tensor) -> tf.Tensor:
        return self._scale(image * 255.0)
