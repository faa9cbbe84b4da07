"""The accuracy on the images of `gate.extra_data` that the model has not seen."""

from typing import NamedTuple

from components.gate.batches import to_batch
from components.predictions.served_model import BATCH_SIZE
from components.predictions.table import EXTRA, iterate_predictions


class ExtraCounts(NamedTuple):
    """Counts of images from elsewhere.

    Attributes:
      correct: The images that were classified correctly, of those that the model has not seen.
      examples: The images that the model has not seen.
      seen: The images that look like one that the model has seen.
    """

    correct: int
    examples: int
    seen: int


def count_extra(predictions: str) -> ExtraCounts:
    """Returns the counts of the images of `gate.extra_data` in a folder of predictions."""
    correct = examples = seen = 0
    for rows in iterate_predictions(predictions, EXTRA, BATCH_SIZE):
        unseen = ~rows["seen"].to_numpy(zero_copy_only=False)
        batch = to_batch(rows)
        right = batch.probabilities.argmax(axis=1) == batch.classes
        correct += int((right & unseen).sum())
        examples += int(unseen.sum())
        seen += int((~unseen).sum())
    return ExtraCounts(correct, examples, seen)
