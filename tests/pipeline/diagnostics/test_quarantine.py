from types import SimpleNamespace

import pytest
import tensorflow as tf

from data.common.errors import UsageError
from data.ingestion_counts import QUARANTINE
from pipeline.diagnostics.quarantine import read_quarantine


def test_a_damaged_quarantine_is_an_error_that_says_what_to_do(tmp_path):
    file = tmp_path / f"Split-{QUARANTINE}" / "data_tfrecord-00000-of-00001.gz"
    file.parent.mkdir()
    with tf.io.TFRecordWriter(str(file), "GZIP") as writer:
        writer.write(bytes(1000))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(UsageError, match=r"Split-quarantine is damaged: .*--from ExampleGen"):
        list(read_quarantine(SimpleNamespace(run_id="r", quarantine=tmp_path)))
