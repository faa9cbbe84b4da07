"""What a training was: the content of `training.json`, for the console and the history."""

from dataclasses import dataclass, field


@dataclass
class TrainingReport:
    """What a training was: for the console and the history.

    Attributes:
      device: what it ran on, in words.
      state_folder: where its state was kept while it was unfinished.
      replicas: how many batches a step took.
      train_examples: of which each epoch leaves out what fills no batch.
      eval_examples: on which the epoch was chosen.
      first_step_seconds: from the start of `fit`, in the process that ended the training.
      images_per_second: of the fastest epoch.
      best_epoch: counted from 1.
      eval_accuracy: of the best epoch.
      resumed_at: the epochs before which it was taken up again.
      epochs: of each one loss, accuracy, val_loss, val_accuracy, learning_rate (of its last step)
        and images_per_second.
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
    resumed_at: list[int] = field(default_factory=list)
    epochs: list[dict[str, float]] = field(default_factory=list)
