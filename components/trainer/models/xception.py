"""Xception, for fine-tuning."""

from components.trainer.models.classifier import Classifier
from components.trainer.models.keras_application import keras_application
from components.trainer.settings import ModelSettings


def xception(settings: ModelSettings, image_size: int, classes: int) -> Classifier:
    """Builds Xception with a new last layer: 20,871,725 parameters for 5 classes.

    The images must have at least 71 pixels per side.

    Paper: Chollet, "Xception: deep learning with depthwise separable convolutions", 2017,
    https://arxiv.org/abs/1610.02357.
    """
    named = settings.model_copy(update={"application": "Xception"})
    return keras_application(named, image_size, classes)
