"""What the network itself answers: its code and its Keras weights, without the SavedModel."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from components.trainer.settings import TrainingSettings
from components.trainer.warm_start import load_trained
from components.transform.images import to_float
from components.transform.preprocessing import preprocess


def reference_answers(
    options: TrainingSettings, weights: str, classes: int, images: Mapping[str, bytes]
) -> dict[str, np.ndarray]:
    """Returns the probabilities of each image, float32 [classes], by its name.

    Args:
      options: those of the training.
      weights: the `.h5` file that lies beside the model that serves.
      classes: number of classes.
      images: encoded images by name.
    """
    # Where the model is asked too: a GPU rounds otherwise, and the training may hold it.
    with tf.device("/CPU:0"):
        model = load_trained(options.model, options.image_size, classes, weights)
        pixels = [preprocess(tf.constant(image), options.image_size) for image in images.values()]
        answers = model(to_float(tf.stack(pixels)), training=False).numpy()
    return dict(zip(images, answers, strict=True))
