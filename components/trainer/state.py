"""The state of an unfinished training, kept so that it can go on after an interruption."""

import hashlib
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class TrainingState:
    """A folder with the newest state: weights, optimizer, the best weights, and how far it is.

    All of it is one checkpoint, which counts only once it is whole.
    """

    def __init__(self, folder: str, model: tf.keras.Model):
        """Takes a compiled model; restores it, if the folder holds a state.

        Args:
          folder: made where it is missing; gs:// is fine.
          model: built under the strategy that trains it, in whose scope this is called.
        """
        self.report: dict[str, Any] = {}
        self.best_weights: list[np.ndarray] = []
        # Steps of the epoch that was interrupted; 0 where the state is that of an epoch's end.
        self.steps = 0
        model.optimizer.build(model.trainable_variables)
        checkpoint = tf.train.Checkpoint(
            model=model, optimizer=model.optimizer, progress=_Progress(self), best=_Best(self)
        )
        on_tpu = isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)
        # The variables are on the TPU, and the files on its host.
        io_device = "/job:localhost" if on_tpu else None
        self._options = tf.train.CheckpointOptions(experimental_io_device=io_device)
        self._manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=1)
        if self._manager.latest_checkpoint:
            status = checkpoint.restore(self._manager.latest_checkpoint, options=self._options)
            status.assert_existing_objects_matched()

    def save(self, report: dict[str, Any], best_weights: list[np.ndarray], steps: int) -> None:
        """Writes the state.

        Args:
          report: JSON values, with `epochs`: a list that has an entry for each one that ended.
          best_weights: of the best of these epochs, empty if there is none.
          steps: done of the epoch that comes after them.
        """
        self.report, self.best_weights, self.steps = report, best_weights, steps
        self._manager.save(options=self._options)


def state_key(*parts: object) -> str:
    """Returns a name for the state of a training, from all that decides it."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


class _Progress(tf.train.experimental.PythonState):
    """How far it is, as JSON."""

    def __init__(self, state: TrainingState):
        self._state = state

    def serialize(self) -> str:
        return json.dumps({"report": self._state.report, "steps": self._state.steps})

    def deserialize(self, text: str) -> None:
        values = json.loads(text)
        self._state.report, self._state.steps = values["report"], values["steps"]


class _Best(tf.train.experimental.PythonState):
    """The best weights, as the bytes of an .npz file."""

    def __init__(self, state: TrainingState):
        self._state = state

    def serialize(self) -> bytes:
        content = io.BytesIO()
        np.savez(content, *self._state.best_weights)
        return content.getvalue()

    def deserialize(self, content: bytes) -> None:
        with np.load(io.BytesIO(content)) as arrays:
            self._state.best_weights = _in_order(arrays)


def _in_order(arrays: Any) -> list[np.ndarray]:
    names: Sequence[str] = arrays.files
    return [arrays[name] for name in sorted(names, key=lambda name: int(name.split("_")[1]))]
