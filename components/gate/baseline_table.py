"""The table of the answers of the baseline, next to the verdict."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from components.predictions.table import PROBABILITIES, Write, opened_here, table_writer

_FILE = "baseline.parquet"
_COLUMNS = pa.schema([("id", pa.string()), ("probabilities", PROBABILITIES)])


@contextmanager
def baseline_writer(folder: str, class_names: Sequence[str]) -> Iterator[Write]:
    """Yields a function that writes the baseline's answers, in the order of the test split.

    The probabilities are null for images on which it is not compared.
    """
    with table_writer(folder, _FILE, _COLUMNS, class_names) as write:
        yield write


def read_baseline(folder: str) -> pa.Table | None:
    """Returns the baseline's answers in the gate's blessing; None if there was no comparison."""
    with opened_here(os.path.join(folder, _FILE)) as path:
        return pq.read_table(path) if path else None
