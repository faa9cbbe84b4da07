"""The test images batch by batch: the answers of the new model, and of the baseline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
import pyarrow as pa

from components.gate.baseline import Comparison
from components.predictions.records import RecordBatch, read_split
from components.predictions.served_model import BATCH_SIZE
from components.predictions.table import iterate_predictions


@dataclass(frozen=True)
class Batch:
    """Test examples and their predictions.

    Attributes:
      ids: The ids of the records, see `components.predictions.records`.
      classes: The true classes, int64 [n].
      probabilities: The predictions, float32 [n, classes].
      baseline: The predictions of the baseline, float32 [n, classes], or None.
      compared: Whether the baseline is compared, bool [n]: not on images that it has seen.
      slices: For each feature, its value in every example as text.
    """

    ids: list[str]
    classes: np.ndarray
    probabilities: np.ndarray
    baseline: np.ndarray | None
    compared: np.ndarray
    slices: dict[str, list[str]]

    def compared_answers(self) -> list[np.ndarray | None]:
        """Returns the predictions of the baseline, None for images on which it is not compared."""
        assert self.baseline is not None
        return [r if use else None for r, use in zip(self.baseline, self.compared, strict=True)]


def read_batches(
    predictions: str, examples: str, comparison: Comparison, slices: Sequence[str]
) -> Iterator[Batch]:
    """Yields the test examples in constant memory.

    Args:
      predictions: URI of the predictions for the examples.
      examples: URI of the examples. They are read only for the baseline or for slices.
      comparison: The baseline.
      slices: Names of features.

    Raises:
      RuntimeError: The predictions are for other examples.
    """
    tables = iterate_predictions(predictions, "test", BATCH_SIZE)
    if comparison.model is None and not slices:
        yield from map(to_batch, tables)
        return
    for table, records in zip_longest(tables, read_split(examples, "test")):
        if table is None or records is None or records.ids != table["id"].to_pylist():
            raise RuntimeError(f"{predictions} has the predictions for other examples")
        yield _with_records(table, records, comparison, slices)


def to_batch(rows: pa.RecordBatch) -> Batch:
    """Returns rows of a table of predictions as a batch without a baseline and slices."""
    return Batch(
        ids=rows["id"].to_pylist(),
        classes=rows["class"].to_numpy(),
        probabilities=np.stack(rows["probabilities"].to_numpy(zero_copy_only=False)),
        baseline=None,
        compared=np.ones(rows.num_rows, bool),
        slices={},
    )


def _with_records(
    rows: pa.RecordBatch, records: RecordBatch, comparison: Comparison, slices: Sequence[str]
) -> Batch:
    batch = replace(
        to_batch(rows), slices={name: records.texts(name, "missing") for name in slices}
    )
    if comparison.model is None:
        return batch
    baseline, seen = comparison.model.probabilities(records.records), comparison.seen
    if seen is None:
        return replace(batch, baseline=baseline)
    return replace(batch, baseline=baseline, compared=~np.isin(rows["hash"].to_numpy(), seen))
