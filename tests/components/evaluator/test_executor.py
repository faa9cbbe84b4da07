import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that
from tfx.components.evaluator import executor as tfx_executor
from tfx_bsl.coders import batch_util
from tfx_bsl.tfxio.tf_example_record import TFExampleBeamRecord

from components.evaluator.executor import Executor
from components.predictions.served_model import BATCH_SIZE
from pipeline.settings.beam import BeamSettings, local_beam_args


def check_batches(sizes):
    assert sorted(sizes) == [6, BATCH_SIZE, BATCH_SIZE]


def evaluate_records(*_):
    with beam.Pipeline(argv=local_beam_args(BeamSettings())) as pipeline:
        sizes = (
            pipeline
            | beam.Create([b""] * 70)
            | TFExampleBeamRecord("test", ["test"], raw_record_column_name="raw").BeamSource()
            | beam.Map(lambda batch: batch.num_rows)
        )
        assert_that(sizes, check_batches)


def test_no_search_for_a_batch_size(monkeypatch):
    monkeypatch.setattr(tfx_executor.Executor, "Do", evaluate_records)
    Executor().Do({}, {}, {})


def test_other_steps_keep_the_default_batches_even_after_an_error(monkeypatch):
    default = batch_util.GetBatchElementsKwargs(None)

    def fail(*_):
        assert batch_util.GetBatchElementsKwargs(None)["min_batch_size"] == BATCH_SIZE
        raise RuntimeError

    monkeypatch.setattr(tfx_executor.Executor, "Do", fail)
    with pytest.raises(RuntimeError):
        Executor().Do({}, {}, {})
    assert batch_util.GetBatchElementsKwargs(None) == default
