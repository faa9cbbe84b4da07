"""The Beam steps on a job service with separate workers, as on Flink, Spark and Dataflow."""

import pytest
import tensorflow as tf

from data.synthetic import write_sample
from pipeline.history.runs import History

TOY = ["transform.image_size=32", "data.split_salt=2"]


@pytest.mark.slow
def test_a_job_service_produces_the_same_splits_and_images(flowers, tmp_path, job_service):
    write_sample(tmp_path / "data", count=120, shards=2, pixels=32)
    portable = f"['--job_endpoint={job_service}', '--environment_type=LOOPBACK']"
    settings = {"local": [], "remote": ["beam.runner=portable", f"beam.pipeline_args={portable}"]}
    for name, more in settings.items():
        options = [option for setting in [*TOY, *more] for option in ("--set", setting)]
        where = ["--data", str(tmp_path / "data"), "--root", tmp_path / name]
        answer = flowers("run", *where, "--until", "Transform", *options)
        assert answer.code == 0, answer.out
    local, remote = (History(tmp_path / name).runs()[0] for name in settings)
    assert local.examples == remote.examples
    assert local.classes == remote.classes
    for split in ("train", "eval"):
        pattern = f"artifacts/Transform/transformed_examples/*/Split-{split}/*"
        first, second = (sorted(_records(tmp_path / name, pattern)) for name in settings)
        assert len(first) == local.examples[split]
        assert first == second


def _records(root, pattern):
    """Returns class and image of each record, because the order of features is not defined."""
    files = [str(path) for path in root.glob(pattern)]
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        yield features["class"].int64_list.value[0], features["image"].bytes_list.value[0]


def test_settings_that_need_a_bucket_are_refused_on_this_machine(flowers, tmp_path):
    for setting in ("beam.runner=dataflow", "push.to=vertex-endpoint"):
        answer = flowers("run", "--root", tmp_path, "--set", setting)
        assert answer.code == 2
        assert "works only in jobs on Vertex" in answer.err
