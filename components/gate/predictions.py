"""What the models answer on the test split: asked batch by batch, and kept as a table."""

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
    """Test examples and what was answered.

    Attributes:
      ids: the start of each record's SHA-256.
      classes: int64 [n], the true ones.
      probabilities: float32 [n, classes].
      baseline: the same of the model that serves, or None.
      slices: by feature, the value of each example as text.
    """

    ids: list[str]
    classes: np.ndarray
    probabilities: np.ndarray
    baseline: np.ndarray | None
    slices: dict[str, list[str]]


class ServedModel:
    """An exported model, asked through the signature that serves."""

    def __init__(self, path: str):
        """Loads it from its folder."""
        # The signature alone does not keep the model's variables alive.
        self._model = tf.saved_model.load(path)
        self._signature = self._model.signatures["serving_default"]
        self.class_names = [name.decode() for name in self._model.class_names().numpy()]

    def probabilities(self, records: Sequence[bytes]) -> np.ndarray:
        """Returns float32 [n, classes] for serialized tf.Examples."""
        answer = self._signature(examples=tf.constant(records))["probabilities"].numpy()
        return np.asarray(answer)


def predict(
    files: Sequence[str], model: ServedModel, baseline: ServedModel | None, slices: Sequence[str]
) -> Iterator[Batch]:
    """Yields what the models answer, in the order of the records; memory does not grow with them.

    Args:
      files: gzipped TFRecord files.
      model: the one that is judged.
      baseline: the one that serves.
      slices: features whose values are wanted.
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

    Where there is a baseline, its probabilities are in the column `baseline`. It is a context
    manager: the file is whole once it is left.
    """

    def __init__(self, path: str, with_baseline: bool):
        """`path` may be on gs://, where Parquet can't be written: it is written here first."""
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
        """Adds a batch as a row group."""
        columns = [batch.ids, batch.classes, list(batch.probabilities)]
        if batch.baseline is not None:
            columns.append(list(batch.baseline))
        arrays = [pa.array(c, f.type) for c, f in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))


_ROW = pa.list_(pa.float32())


def _as_text(feature: Any) -> str:
    """Returns the values of a feature as text; `missing` where there are none."""
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    texts = [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values]
    return " ".join(texts) or "missing"
