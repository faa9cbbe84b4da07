"""The state of an unfinished training, from which it resumes after an interruption."""

import io
import json
import tempfile
from dataclasses import asdict

import numpy as np
import tensorflow as tf

from components.trainer.models.classifier import Classifier
from components.trainer.training_report import TrainingReport
from components.trainer.workers import checkpoint_of_chief, several_workers

# Fields of the report that a resumed training takes from the state.
_RESTORED = (
    "images_per_second", "best_epoch", "eval_accuracy", "last_epochs_accuracy", "resumed_at",
    "epochs",
)  # fmt: skip


class TrainingState:
    """Weights, their average, optimizer, best weights and progress of a training: one checkpoint.

    Of several workers only the chief keeps a state, so that all of them resume from the same one:
    if each restored its own, a kill between two saves would make them go on from different epochs.

    Attributes:
      report: The report of the training; its `epochs` are the finished ones.
      best_weights: Weights of the best epoch, in the order of `Model.weights`; empty before the
        first one.
      steps: Number of finished steps of the epoch that was interrupted; 0 if the state was saved
        at the end of an epoch.
      restored: Whether the folder held a state.
    """

    def __init__(self, folder: str, model: Classifier, report: TrainingReport):
        """Restores the newest state in the folder, if there is one, and its epochs in the report.

        It is called in the scope of the strategy under which the model was compiled, by all workers
        of a training; the folder of the chief counts.
        """
        self.report = report
        self.best_weights: list[np.ndarray] = []
        self.steps = 0
        model.optimizer.build(model.trainable_variables)
        average = {"average": model.average.network} if model.average else {}
        checkpoint = tf.train.Checkpoint(
            model=model, optimizer=model.optimizer, progress=_Progress(self), best=_Best(self),
            **average,
        )  # fmt: skip
        on_tpu = isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy)
        # The variables are on the TPU, and the files on its host.
        io_device = "/job:localhost" if on_tpu else None
        self._options = tf.train.CheckpointOptions(experimental_io_device=io_device)
        if not tf.distribute.get_strategy().extended.should_checkpoint:
            # Reading the weights takes all workers, so the others save too, but for nobody.
            self._unused = tempfile.TemporaryDirectory()
            folder = self._unused.name
        self._manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=1)
        latest = self._manager.latest_checkpoint
        if several_workers():
            latest = checkpoint_of_chief(latest, folder)
        self.restored = latest is not None
        if self.restored:
            status = checkpoint.restore(latest, options=self._options)
            status.assert_existing_objects_matched()

    def save(self, steps: int = 0) -> None:
        """Writes the state; `steps` are the finished steps of the current epoch."""
        self.steps = steps
        self._manager.save(options=self._options)


class _Progress(tf.train.experimental.PythonState):
    def __init__(self, state: TrainingState):
        self._state = state

    def serialize(self) -> str:
        return json.dumps({"report": asdict(self._state.report), "steps": self._state.steps})

    def deserialize(self, text: str) -> None:
        values = json.loads(text)
        self._state.steps = values["steps"]
        for name in _RESTORED:
            setattr(self._state.report, name, values["report"][name])


class _Best(tf.train.experimental.PythonState):
    def __init__(self, state: TrainingState):
        self._state = state

    def serialize(self) -> bytes:
        content = io.BytesIO()
        np.savez(content, *self._state.best_weights)
        return content.getvalue()

    def deserialize(self, content: bytes) -> None:
        with np.load(io.BytesIO(content)) as arrays:
            self._state.best_weights = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
