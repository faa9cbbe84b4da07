"""The report of a training: the content of `training.json` in a ModelRun artifact."""

from dataclasses import asdict, dataclass, field

from components.artifacts import read_json, write_json

REPORT_FILE = "training.json"
# The picture of augmented training images in a ModelRun artifact, and in the history of a run.
AUGMENTED_FILE = "augmented.jpg"
# The codelab's notebooks report the mean of as many epochs.
LAST_EPOCHS = 5


@dataclass
class TrainingReport:
    """What the console and the history report of a training.

    Attributes:
      device: Description of the devices.
      state_folder: Folder of the training state while the training is unfinished.
      replicas: Number of replicas.
      train_examples: Number of training examples; the last partial batch of an epoch is dropped.
      eval_examples: Number of examples that the best epoch is chosen on.
      first_step_seconds: Time from the start of `fit` to the end of the first step, in the process
        that finished the training.
      images_per_second: Speed of the fastest epoch.
      best_epoch: Number of the best epoch, starting at 1; 0 before the first one.
      eval_accuracy: Accuracy of the best epoch on eval.
      last_epochs_accuracy: Mean accuracy of the last five epochs on eval, which no lucky epoch
        raises; None before the fifth one.
      resumed_at: The epochs at which the training was resumed.
      epochs: For each epoch loss, accuracy, val_loss, val_accuracy, learning_rate (of its last
        step) and images_per_second.
    """

    device: str
    state_folder: str
    replicas: int
    train_examples: int
    eval_examples: int
    first_step_seconds: float = 0.0
    images_per_second: float = 0.0
    best_epoch: int = 0
    eval_accuracy: float = 0.0
    last_epochs_accuracy: float | None = None
    resumed_at: list[int] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)

    def out_of_patience(self, patience: int | None) -> bool:
        """Returns whether the last `patience` epochs brought no better one; None never stops."""
        return patience is not None and len(self.epochs) - self.best_epoch >= patience

    def mean_of_last_epochs(self) -> float | None:
        """Returns the mean accuracy of the last five epochs on eval; None of fewer epochs."""
        last = [epoch["val_accuracy"] for epoch in self.epochs[-LAST_EPOCHS:]]
        return sum(last) / LAST_EPOCHS if len(last) == LAST_EPOCHS else None


def write_report(report: TrainingReport, model_run_uri: str) -> None:
    """Writes `training.json` to a ModelRun artifact."""
    write_json(asdict(report), model_run_uri, REPORT_FILE)


def read_report(model_run_uri: str) -> TrainingReport:
    """Returns the report in a ModelRun artifact."""
    return TrainingReport(**read_json(model_run_uri, REPORT_FILE))
