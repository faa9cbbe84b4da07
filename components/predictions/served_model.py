"""An exported model, called as it is served."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# Records in one call of the model.
BATCH_SIZE = 32


class ServedModel:
    """An exported model, called through its serving signature.

    Attributes:
      class_names: The class names, in the order of their ids.
    """

    def __init__(self, path: str):
        """Loads the SavedModel in the folder `path`."""
        # The signature alone does not keep the variables of the model alive.
        self._model = tf.saved_model.load(path)
        self._signature = self._model.signatures["serving_default"]
        self.class_names: list[str] = [name.decode() for name in self._model.class_names().numpy()]

    def probabilities(self, records: Sequence[bytes]) -> np.ndarray:
        """Returns the probabilities for serialized tf.Examples, float32 [n, classes]."""
        return np.asarray(self._signature(examples=tf.constant(records))["probabilities"])
