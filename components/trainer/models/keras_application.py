"""Any network of tf.keras.applications, with its own preprocessing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import tensorflow as tf

from components.artifacts import copied_here
from components.trainer.devices import several_replicas
from components.trainer.models.classifier import Classifier, probabilities
from components.trainer.settings import NO_WEIGHTS, ModelSettings
from data.common.formatting import nearest_word

# Keras's default.
_MOST_MOMENTUM = 0.99


def keras_application(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds the network that `settings.application` names, with a new last layer.

    Papers and parameter counts: https://keras.io/api/applications. MobileNetV2 has 2,264,389
    parameters for 5 classes.

    Raises:
      ValueError: The network is unknown, or it does not support the image size.
    """
    build = _find(settings.application)
    shape = [image_size, image_size, 3]
    with _weights(settings) as weights:
        base = build(include_top=False, weights=weights, input_shape=shape)
    if several_replicas() or tf.keras.mixed_precision.global_policy().compute_dtype != "float32":
        base = _copied(base)
    _limit_momentum(base)
    base.trainable = not settings.frozen
    image = tf.keras.Input(shape, dtype="uint8")
    # The network's own preprocessing expects values from 0 to 255, in full precision. It is the
    # identity if the network begins with layers that scale, as MobileNetV3 and EfficientNetV2 do.
    scale = sys.modules[build.__module__].preprocess_input
    # In training mode, the moving averages of a frozen network would still change.
    training = False if settings.frozen else None
    x = base(_Preprocess(scale, dtype="float32")(image), training=training)
    x = tf.keras.layers.GlobalAveragePooling2D()(x)
    return Classifier(image, probabilities(x, classes), name=settings.application.lower())


def _find(name: str) -> Callable[..., tf.keras.Model]:
    """Returns the function of tf.keras.applications that builds a network.

    Raises:
      ValueError: There is none of that name.
    """
    names = {known.lower(): known for known in dir(tf.keras.applications) if known[0].isupper()}
    if name in names.values():
        build: Callable[..., tf.keras.Model] = getattr(tf.keras.applications, name)
        return build
    near = nearest_word(name.lower(), names)
    hint = f"; did you mean {names[near]}?" if near else "."
    raise ValueError(
        f"model.application: tf.keras.applications has no {name!r}{hint} It has "
        f"{', '.join(names.values())}"
    )


@contextmanager
def _weights(settings: ModelSettings) -> Iterator[str | None]:
    """Yields the argument `weights` of Keras: None, a name, or the path of a local file."""
    if not settings.weights_file:
        yield None if settings.weights == NO_WEIGHTS else settings.weights
        return
    with copied_here(settings.weights_file) as file:
        yield file


def _copied(base: tf.keras.Model) -> tf.keras.Model:
    """Returns the same network for several replicas and for mixed precision.

    BatchNormalization is synchronized over all replicas: the batch of one replica, 16 on a TPU, is
    too small for good averages. Layers that scale the pixels do so in float32, as `_Preprocess`
    does: bfloat16 has 8 significant bits, as many as a pixel, and none for the rounding.
    """

    def copy(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
        config = layer.get_config()
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            config["synchronized"] = several_replicas()
        if isinstance(layer, tf.keras.layers.Rescaling | tf.keras.layers.Normalization):
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    clone = tf.keras.models.clone_model(base, clone_function=copy)
    clone.set_weights(base.get_weights())
    return clone


def _limit_momentum(base: tf.keras.Model) -> None:
    """Lets the averages of BatchNormalization follow a training of a few hundred steps.

    MobileNetV2 and V3 have a momentum of 0.999, for ImageNet's millions of steps.
    """
    for layer in base.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, _MOST_MOMENTUM)


class _Preprocess(tf.keras.layers.Layer):
    """Converts pixels, uint8, to the range that a network was trained with, float32."""

    def __init__(self, scale: Callable[[tf.Tensor], tf.Tensor], **kwargs: object):
        super().__init__(**kwargs)
        self._scale = scale

    def call(self, image: tf.Tensor) -> tf.Tensor:
        return self._scale(tf.cast(image, tf.float32))
