import pytest
import tensorflow as tf

from components.serving_check import process
from components.serving_check.cases import write_requests
from components.serving_check.process import ProbeDied, run_probe


def _die() -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="the end")]):
        return tf.constant(0)


class Fragile(tf.Module):
    """Answers every request, but crashes on an empty one."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        empty = tf.reduce_any(image_bytes == "")
        count = tf.shape(image_bytes)[0] + tf.cond(empty, _die, lambda: 0)
        return {
            "probabilities": tf.ones([count, 1]),
            "class_id": tf.zeros([count], tf.int64),
            "label": tf.fill([count], "daisy"),
        }


@pytest.fixture
def probe_arguments(tmp_path):
    """A fragile model, the requests to it and the log file."""
    fragile, model = Fragile(), str(tmp_path / "model")
    tf.saved_model.save(fragile, model, signatures={"serving_bytes": fragile.serving_bytes})
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"an image"]))
    example = tf.train.Example(features=tf.train.Features(feature={"image": image}))
    write_requests(tmp_path / "requests", {"0": example.SerializeToString()})
    return model, tmp_path / "requests", tmp_path / "probe.log"


def test_a_request_that_crashes_the_process_is_named(probe_arguments):
    with pytest.raises(
        ProbeDied, match=r"died \(signal 6\) while sending garbage/empty to .*: .*the end"
    ):
        run_probe(*probe_arguments)


def test_a_process_that_does_not_end_is_killed(probe_arguments, monkeypatch):
    monkeypatch.setattr(process, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(ProbeDied, match=r"the serving process did not end within 0\.2 s"):
        run_probe(*probe_arguments)
