"""TFX's executor of the Evaluator, with batches of a fixed size."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tfx.components.evaluator import executor
from tfx_bsl.coders import batch_util

# TFMA imports the metric by its name; with this import it counts in the step's fingerprint.
from components.evaluator import accuracy as accuracy
from components.predictions.served_model import BATCH_SIZE


class Executor(executor.Executor):
    """Evaluates a model in batches of BATCH_SIZE images, as Predictions does.

    By default, Beam looks for a batch size that takes one second, starting from 1. With oneDNN, a
    single image can take more than that with a large network, so that it may never try more.
    """

    def Do(self, *args: Any, **kwargs: Any) -> None:
        """See tfx.components.evaluator.executor.Executor."""
        with _fixed_batches():
            super().Do(*args, **kwargs)


@contextmanager
def _fixed_batches() -> Iterator[None]:
    # TFX does not pass a batch size on to tfx_bsl, which asks this function for the default.
    original = batch_util.GetBatchElementsKwargs
    batch_util.GetBatchElementsKwargs = lambda size, *args: original(size or BATCH_SIZE, *args)
    try:
        yield
    finally:
        batch_util.GetBatchElementsKwargs = original
