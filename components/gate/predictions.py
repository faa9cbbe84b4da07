"""Predictions on the test split, made batch by batch and written as a table."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from data.features import CLASS

BATCH_SIZE = 32
PREDICTIONS_FILE = "predictions.parquet"
_ID_DIGITS = 16


@dataclass(frozen=True)
class Batch:
    """Test examples and their predictions.

    Attributes:
      ids: The first digits of each record's SHA-256.
      classes: The true classes, int64 [n].
      probabilities: The predictions, float32 [n, classes].
      baseline: The predictions of the baseline, float32 [n, classes], or None.
      slices: For each feature, its value in every example as text.
    """

    ids: list[str]
    classes: np.ndarray
    probabilities: np.ndarray
    baseline: np.ndarray | None
    slices: dict[str, list[str]]


class ServedModel:
    """An exported model, called through its serving signature."""

    def __init__(self, path: str):
        """Loads the SavedModel in the folder `path`."""
        # The signature alone does not keep the variables of the model alive.
        self._model = tf.saved_model.load(path)
        self._signature = self._model.signatures["serving_default"]
        self.class_names = [name.decode() for name in self._model.class_names().numpy()]

    def probabilities(self, records: Sequence[bytes]) -> np.ndarray:
        """Returns the probabilities for serialized tf.Examples, float32 [n, classes]."""
        answer = self._signature(examples=tf.constant(records))["probabilities"].numpy()
        return np.asarray(answer)


def predict(
    files: Sequence[str], model: ServedModel, baseline: ServedModel | None, slices: Sequence[str]
) -> Iterator[Batch]:
    """Yields the predictions in the order of the records, in constant memory.

    Args:
      files: Paths of gzipped TFRecord files.
      model: The model to judge.
      baseline: The serving model, if there is one to compare with.
      slices: Names of the features whose values to return.
    """
    dataset = tf.data.TFRecordDataset(files, "GZIP").batch(BATCH_SIZE)
    for batch in dataset.as_numpy_iterator():
        records = batch.tolist()
        features = [tf.train.Example.FromString(record).features.feature for record in records]
        yield Batch(
            ids=[hashlib.sha256(record).hexdigest()[:_ID_DIGITS] for record in records],
            classes=np.array([f[CLASS].int64_list.value[0] for f in features], np.int64),
            probabilities=model.probabilities(records),
            baseline=baseline.probabilities(records) if baseline else None,
            slices={name: [_as_text(f[name]) for f in features] for name in slices},
        )


class PredictionsWriter:
    """Writes batches to a Parquet file with the columns `id`, `class`, `probabilities`.

    With a baseline, its probabilities are in the column `baseline`. The writer is a context
    manager; the file is complete when the context ends.
    """

    def __init__(self, path: str, with_baseline: bool):
        """Writes to a temporary local file first, because `path` may be on gs://."""
        self._path = path
        fields = [("id", pa.string()), ("class", pa.int64()), ("probabilities", _ROW)]
        self._schema = pa.schema([*fields, *([("baseline", _ROW)] if with_baseline else [])])
        self._folder = tempfile.TemporaryDirectory()
        self._here = os.path.join(self._folder.name, PREDICTIONS_FILE)
        self._writer = pq.ParquetWriter(self._here, self._schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._writer.close()
        if error is None:
            tf.io.gfile.copy(self._here, self._path, overwrite=True)
        self._folder.cleanup()

    def write(self, batch: Batch) -> None:
        """Writes a batch as a row group."""
        columns = [batch.ids, batch.classes, list(batch.probabilities)]
        if batch.baseline is not None:
            columns.append(list(batch.baseline))
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))


_ROW = pa.list_(pa.float32())


def _as_text(feature: Any) -> str:
    """Returns the values of a feature as text, or `missing` if there are none."""
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    texts = [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values]
    return " ".join(texts) or "missing"
