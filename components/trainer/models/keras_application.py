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
    """Builds the network that `settings.application` names, with a new last layer.

    Papers and parameter counts: https://keras.io/api/applications. MobileNetV2 has 2,264,389
    parameters for 5 classes.

    Raises:
      ValueError: The network is unknown, or it does not support the image size.
    """
    build = getattr(tf.keras.applications, settings.application, None)
    if not callable(build):
        names = [name for name in dir(tf.keras.applications) if name[0].isupper()]
        raise ValueError(
            f"tf.keras.applications has no {settings.application!r}; it has {', '.join(names)}"
        )
    shape = [image_size, image_size, 3]
    with _weights(settings) as weights:
        base = build(include_top=False, weights=weights, input_shape=shape)
    if several_replicas():
        base = _synchronized(base)
    base.trainable = not settings.frozen
    image = tf.keras.Input(shape, dtype="uint8")
    # The network's own preprocessing expects values from 0 to 255, in full precision.
    scale = sys.modules[build.__module__].preprocess_input
    # In training mode, the moving averages of a frozen network would still change.
    training = False if settings.frozen else None
    x = base(_Preprocess(scale, dtype="float32")(image), training=training)
    x = tf.keras.layers.GlobalAveragePooling2D()(x)
    return Classifier(image, probabilities(x, classes), name=settings.application.lower())


@contextmanager
def _weights(settings: ModelSettings) -> Iterator[str | None]:
    """Yields the argument `weights` of Keras: None, a name, or the path of a local file."""
    if not settings.weights_file:
        yield None if settings.weights == NO_WEIGHTS else settings.weights
        return
    with copied_here(settings.weights_file) as file:
        yield file


def _synchronized(base: tf.keras.Model) -> tf.keras.Model:
    """Returns the same network with BatchNormalization synchronized over all replicas.

    The batch of one replica, 16 on a TPU, is too small for good averages.
    """

    def copy(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            config["synchronized"] = True
        return type(layer).from_config(config)

    clone = tf.keras.models.clone_model(base, clone_function=copy)
    clone.set_weights(base.get_weights())
    return clone


class _Preprocess(tf.keras.layers.Layer):
    """Converts pixels, uint8, to the range that a network was trained with, float32."""

    def __init__(self, scale: Callable[[tf.Tensor], tf.Tensor], **kwargs: object):
        super().__init__(**kwargs)
        self._scale = scale

    def call(self, image: tf.Tensor) -> tf.Tensor:
        return self._scale(tf.cast(image, tf.float32))
