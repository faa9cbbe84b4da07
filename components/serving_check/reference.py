"""The reference answers: those of the network's code and Keras weights, without the SavedModel."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from components.trainer.settings import TrainingSettings
from components.trainer.warm_start import load_trained
from components.transform.preprocessing import preprocess


def reference_answers(
    settings: TrainingSettings, weights: str, classes: int, images: Mapping[str, bytes]
) -> dict[str, np.ndarray]:
    """Returns the probabilities, float32 [classes], of each encoded image by its name.

    `weights` is the path of the `.h5` file next to the exported model.
    """
    # The probe runs on the CPU as well: a GPU rounds differently, and the training may occupy it.
    with tf.device("/CPU:0"):
        model = load_trained(settings.model, settings.image_size, classes, weights)
        pixels = [preprocess(tf.constant(image), settings.image_size) for image in images.values()]
        answers = model(tf.stack(pixels), training=False).numpy()
    return dict(zip(images, answers, strict=True))
