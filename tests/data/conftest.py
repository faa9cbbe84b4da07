"""A folder of record files."""

from pathlib import Path

import pytest
import tensorflow as tf


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Two record files, and a file of another kind."""
    for name in ("b-1.tfrec", "a-1.tfrecord"):
        with tf.io.TFRecordWriter(str(tmp_path / name)) as writer:
            writer.write(name.encode())
    (tmp_path / "notes.txt").write_text("no records")
    return tmp_path
