"""The reference answers: those of the network's code and Keras weights, without the SavedModel."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from components.transform.preprocessing import preprocess


def reference_answers(model: tf.keras.Model, images: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Returns the probabilities, float32 [classes], of each encoded image by its name.

    `model` is the network with the weights of the `.h5` file next to the exported model.
    """
    pixels = [preprocess(tf.constant(image), model.input_shape[1]) for image in images.values()]
    answers = model(tf.stack(pixels), training=False).numpy()
    return dict(zip(images, answers, strict=True))
