"""Tables of predictions: Parquet files that are written and read batch by batch."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from components.artifacts import copied_here, file_exists, whole_file

# The split of labelled images from elsewhere, which is not a part of a model's own data.
EXTRA = "extra"
# Files in the artifact of Predictions.
PREDICTIONS_FILE = "predictions.parquet"
CHANGED_FILE = "changed.parquet"
# The images of `gate.extra_data` that are left out, with their reasons.
LEFT_OUT_FILE = "left_out.json"

PROBABILITIES = pa.list_(pa.float32())
PREDICTIONS = pa.schema(
    [
        ("split", pa.string()),
        ("id", pa.string()),
        ("hash", pa.uint64()),
        ("source", pa.string()),
        ("class", pa.int64()),
        ("probabilities", PROBABILITIES),
        # Whether the model has seen the image; null for the splits of its own data.
        ("seen", pa.bool_()),
    ]
)
CHANGED = pa.schema(
    [
        ("change", pa.string()),
        ("id", pa.string()),
        ("class", pa.int64()),
        ("probabilities", PROBABILITIES),
    ]
)
_CLASS_NAMES = b"class_names"

Write = Callable[[dict[str, Any]], None]


@contextmanager
def table_writer(
    folder: str, file: str, schema: pa.Schema, class_names: Sequence[str]
) -> Iterator[Write]:
    """Yields a function that writes rows, as a sequence for each column, to a table.

    A missing column is null. The file, which may be on gs://, is there when the context ends.

    Args:
      folder: The folder of the file; created if it is missing.
      file: The name of the file.
      schema: The columns.
      class_names: The classes in the order of their ids, stored in the file.
    """
    schema = schema.with_metadata({_CLASS_NAMES: json.dumps(class_names)})

    def write(columns: dict[str, Any]) -> None:
        rows = len(columns["id"])
        arrays = [pa.array(columns.get(f.name, [None] * rows), f.type) for f in schema]
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))

    with whole_file(os.path.join(folder, file)) as path, pq.ParquetWriter(path, schema) as writer:
        yield write


@contextmanager
def opened_here(file: str) -> Iterator[str | None]:
    """Yields the path of a file for pyarrow, which cannot read gs://; None if it does not exist.

    A local file is read where it is, without importing TensorFlow, which takes seconds.
    """
    if not file_exists(file):
        yield None
    elif "://" in file:
        with copied_here(file) as path:
            yield path
    else:
        yield file


@contextmanager
def _predictions_here(folder: str) -> Iterator[str]:
    """Yields the path of the predictions in a folder.

    Raises:
      FileNotFoundError: There are none.
    """
    file = os.path.join(folder, PREDICTIONS_FILE)
    with opened_here(file) as path:
        if path is None:
            raise FileNotFoundError(f"{file} does not exist")
        yield path


def read_class_names(folder: str) -> list[str]:
    """Returns the classes of the predictions in a folder, in the order of their ids."""
    with _predictions_here(folder) as path:
        names: list[str] = json.loads(pq.read_schema(path).metadata[_CLASS_NAMES])
    return names


def read_predictions(folder: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Returns the predictions in a folder; see PREDICTIONS for the columns."""
    with _predictions_here(folder) as path:
        return pq.read_table(path, columns=columns)


def read_changed(folder: str, columns: Sequence[str] | None = None) -> pa.Table | None:
    """Returns the predictions for changed images; None if they were not requested."""
    with opened_here(os.path.join(folder, CHANGED_FILE)) as path:
        return pq.read_table(path, columns=columns) if path else None


def iterate_predictions(folder: str, split: str, batch_size: int) -> Iterator[pa.RecordBatch]:
    """Yields the predictions for a split in batches, in constant memory."""
    with _predictions_here(folder) as path, pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size):
            rows = batch.filter(pc.equal(batch["split"], split))
            if rows.num_rows:
                yield rows
