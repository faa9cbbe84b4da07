"""Xception, for fine-tuning."""

from components.trainer.models.classifier import Classifier
from components.trainer.models.keras_application import application
from components.trainer.settings import ModelSettings


def xception(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds Xception with a new last layer: 20,871,725 parameters for 5 classes.

    Paper: Chollet, "Xception: deep learning with depthwise separable convolutions", 2017,
    https://arxiv.org/abs/1610.02357.

    Args:
      settings: ModelSettings. `weights` and `frozen` are used.
      image_size: int. Side of the square images in pixels, at least 71.
      classes: int. Number of classes.

    Returns:
      A model from float32 `[batch, image_size, image_size, 3]` in [0, 1] to probabilities, float32
      `[batch, classes]`.
    """
    return application("Xception", settings, image_size, classes)
