"""The Beam job of a batch prediction: each shard of inputs is read, classified and written."""

from collections.abc import Iterator, Sequence
from itertools import islice

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline.batch_prediction.plan import Plan
from pipeline.batch_prediction.results import result_writer
from pipeline.inference.input_images import read_file_images
from pipeline.inference.predict import LoadedModel, predict

# Results that are written at a time: one row group of a Parquet file.
_ROWS = 1000


def run_job(
    plan: Plan, shards: Sequence[tuple[int, Sequence[str]]], model: str, prefix: str,
    beam_args: Sequence[str],
) -> None:  # fmt: skip
    """Writes the results of shards, and returns when all of them are there.

    Args:
      plan: The plan.
      shards: The number and the input files of each shard.
      model: The folder of the SavedModel.
      prefix: The start of the paths of the results.
      beam_args: The options of Beam.
    """
    # Without a shuffle Beam would run all shards in one worker, one after the other.
    with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
        _ = (
            pipeline
            | beam.Create(list(shards))
            | beam.Reshuffle()
            | beam.ParDo(_PredictShard(plan, model, prefix))
        )


class _PredictShard(beam.DoFn):
    """Classifies the images of one shard, a batch at a time.

    Not Beam's RunInference: its unit is an image, so that it could neither write a shard at a time,
    by which an interrupted prediction continues, nor try the images of a failed batch one by one.
    """

    def __init__(self, plan: Plan, model: str, prefix: str):
        self._plan, self._path, self._prefix = plan, model, prefix

    def setup(self) -> None:
        self._model = LoadedModel(self._path)

    def process(self, element: tuple[int, Sequence[str]]) -> Iterator[None]:
        number, files = element
        images = (image for file in files for image in read_file_images(file))
        results = predict(self._model, images)
        output = self._plan.output(self._prefix, number)
        with result_writer(output, self._plan.format, self._model.names) as write:
            while rows := list(islice(results, _ROWS)):
                write(rows)
        yield from ()
