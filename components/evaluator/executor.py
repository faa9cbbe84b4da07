"""TFX's executor of the Evaluator, with batches of a fixed size."""

from typing import Any

from tfx.components.evaluator import executor
from tfx_bsl.coders import batch_util

# TFMA imports the metric by its name; with this import it counts in the step's fingerprint.
from components.evaluator import accuracy as accuracy
from components.predictions.served_model import BATCH_SIZE
from data.common.replaced import replaced


class Executor(executor.Executor):
    """Evaluates a model in batches of BATCH_SIZE images, as Predictions does.

    By default, Beam looks for a batch size that takes one second, starting from 1. With oneDNN, a
    single image can take more than that with a large network, so that it may never try more.
    """

    def Do(self, *args: Any, **kwargs: Any) -> None:
        """See tfx.components.evaluator.executor.Executor."""
        # TFX does not pass a batch size on to tfx_bsl, which asks this function for the default.
        original = batch_util.GetBatchElementsKwargs
        with replaced(
            batch_util,
            "GetBatchElementsKwargs",
            lambda size, *rest: original(size or BATCH_SIZE, *rest),
        ):
            super().Do(*args, **kwargs)
