"""Predictions on the test split, made batch by batch and written as a table."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf

from components.image_hashes import hash_images
from data.features import CLASS, IMAGE, SOURCE

BATCH_SIZE = 32
PREDICTIONS_FILE = "predictions.parquet"
_ID_DIGITS = 16


@dataclass(frozen=True)
class Batch:
    """Test examples and their predictions.

    Attributes:
      ids: The first digits of each record's SHA-256.
      sources: The path of the image file that each record names; empty if it names none.
      classes: The true classes, int64 [n].
      probabilities: The predictions, float32 [n, classes].
      baseline: The predictions of the baseline, float32 [n, classes], or None.
      compared: Whether the baseline is compared, bool [n]: not on images that it has seen.
      slices: For each feature, its value in every example as text.
    """

    ids: list[str]
    sources: list[str]
    classes: np.ndarray
    probabilities: np.ndarray
    baseline: np.ndarray | None
    compared: np.ndarray
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
        return np.asarray(self._signature(examples=tf.constant(records))["probabilities"])


def predict(
    files: Sequence[str],
    model: ServedModel,
    baseline: ServedModel | None,
    slices: Sequence[str],
    seen: np.ndarray | None = None,
) -> Iterator[Batch]:
    """Yields the predictions for gzipped TFRecord files in their order, in constant memory.

    Args:
      files: The files of the test split.
      model: The new model.
      baseline: The serving model, if there is one to compare with.
      slices: Names of features.
      seen: The hashes of images on which the models are not compared, uint64 [images]; None if none
        of them is a test image.
    """
    dataset = tf.data.TFRecordDataset(files, "GZIP").batch(BATCH_SIZE)
    for batch in dataset.as_numpy_iterator():
        records = batch.tolist()
        features = [tf.train.Example.FromString(record).features.feature for record in records]
        yield Batch(
            ids=[hashlib.sha256(record).hexdigest()[:_ID_DIGITS] for record in records],
            sources=[_as_text(f[SOURCE], "") for f in features],
            classes=np.array([f[CLASS].int64_list.value[0] for f in features], np.int64),
            probabilities=model.probabilities(records),
            baseline=baseline.probabilities(records) if baseline else None,
            compared=_find_unseen(features, seen),
            slices={name: [_as_text(f[name]) for f in features] for name in slices},
        )


def _find_unseen(features: Sequence[Any], seen: np.ndarray | None) -> np.ndarray:
    if seen is None:
        return np.ones(len(features), bool)
    return ~np.isin(hash_images([f[IMAGE].bytes_list.value[0] for f in features]), seen)


@contextmanager
def predictions_writer(path: str, with_baseline: bool) -> Iterator[Callable[[Batch], None]]:
    """Yields a function that writes a batch to a Parquet file, as a row group.

    The columns are `id`, `source`, `class`, `probabilities` and, with a baseline, `baseline`, which
    is null for images on which it is not compared. The file is complete when the context ends. It
    is written to a local folder first, because `path` may be on gs://.
    """
    row = pa.list_(pa.float32())
    fields = [
        ("id", pa.string()),
        ("source", pa.string()),
        ("class", pa.int64()),
        ("probabilities", row),
    ]
    schema = pa.schema([*fields, *([("baseline", row)] if with_baseline else [])])

    def write(batch: Batch) -> None:
        columns = [batch.ids, batch.sources, batch.classes, list(batch.probabilities)]
        if batch.baseline is not None:
            rows = zip(batch.baseline, batch.compared, strict=True)
            columns.append([row if compared else None for row, compared in rows])
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, PREDICTIONS_FILE)
        with pq.ParquetWriter(file, schema) as writer:
            yield write
        tf.io.gfile.copy(file, path, overwrite=True)


def _as_text(feature: Any, default: str = "missing") -> str:
    """Returns the values of a feature as text, or a default if there are none."""
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    texts = [v.decode(errors="replace") if isinstance(v, bytes) else str(v) for v in values]
    return " ".join(texts) or default
