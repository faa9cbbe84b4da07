import os
import signal
import subprocess
import time

import pytest
import tensorflow as tf

from components.serving_check import process
from components.serving_check.cases import write_requests
from components.serving_check.environment import probe_environment
from components.serving_check.process import ProbeDied, end_unused, run_probe, start_ahead
from tests.waiting import wait_for_end


def _die() -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="the end")]):
        return tf.constant(0)


class Fragile(tf.Module):
    """Answers every request, but may crash on an empty one."""

    def __init__(self, crashes: bool):
        super().__init__()
        self._crashes = crashes

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        empty = tf.reduce_any(image_bytes == "")
        count = tf.shape(image_bytes)[0] + tf.cond(empty & self._crashes, _die, lambda: 0)
        return {
            "probabilities": tf.ones([count, 1]),
            "class_id": tf.zeros([count], tf.int64),
            "label": tf.fill([count], "daisy"),
        }


@pytest.fixture
def crashes() -> bool:
    return True


@pytest.fixture
def probe_arguments(tmp_path, crashes):
    """A fragile model, the requests to it and the log file."""
    fragile, model = Fragile(crashes), str(tmp_path / "model")
    tf.saved_model.save(fragile, model, signatures={"serving_bytes": fragile.serving_bytes})
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"an image"]))
    example = tf.train.Example(features=tf.train.Features(feature={"image": image}))
    write_requests(tmp_path / "requests", {"0": example.SerializeToString()})
    return model, tmp_path / "requests", tmp_path / "probe.log"


@pytest.fixture
def started(monkeypatch):
    """The processes that a test starts; none of them outlives it."""
    processes, start = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **k: processes.append(start(*a, **k)) or processes[-1]
    )
    yield processes
    end_unused()
    assert [found.poll() is None for found in processes] == [False] * len(processes)


def test_a_request_that_crashes_the_process_is_named(probe_arguments):
    with pytest.raises(
        ProbeDied, match=r"died \(signal 6\) while sending garbage/empty to .*: .*the end"
    ):
        run_probe(*probe_arguments, meanwhile=lambda: None)


def test_a_process_that_does_not_end_is_killed(probe_arguments, monkeypatch):
    monkeypatch.setattr(process, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(ProbeDied, match=r"the serving process did not end within 0\.2 s"):
        run_probe(*probe_arguments, meanwhile=lambda: None)


def test_a_process_that_was_started_ahead_gets_the_next_task_and_no_other(probe_arguments, started):
    start_ahead()
    start_ahead()
    with pytest.raises(ProbeDied, match="while sending garbage/empty"):
        run_probe(*probe_arguments, meanwhile=lambda: None)
    assert len(started) == 1
    *_, log = probe_arguments
    assert "probe: loading the model" in log.read_text(encoding="utf-8")
    with pytest.raises(ProbeDied, match="while sending garbage/empty"):
        run_probe(*probe_arguments, meanwhile=lambda: None)
    assert len(started) == 2


@pytest.mark.parametrize("crashes", [False])
def test_latencies_are_measured_after_the_other_work(probe_arguments, started):
    start_ahead()
    # Reading it in another way would move the place at which the process writes.
    descriptor = process._ahead[0]._output.fileno()

    def work() -> bytes:
        while b"sending an empty batch" not in os.pread(descriptor, 100_000, 0):
            assert started[0].poll() is None
            time.sleep(0.1)
        time.sleep(0.5)
        return os.pread(descriptor, 100_000, 0)

    report, output = run_probe(*probe_arguments, meanwhile=work)
    assert b"measuring" not in output
    assert report["signatures"]["serving_bytes"]["latency_ms"]["p50"] > 0
    assert started[0].returncode == 0


def test_an_error_of_the_other_work_ends_the_process(probe_arguments, started):
    def fail() -> None:
        raise OSError("no weights")

    with pytest.raises(OSError, match="no weights"):
        run_probe(*probe_arguments, meanwhile=fail)
    assert started[0].returncode == -signal.SIGKILL


def test_a_process_that_is_not_used_is_killed(started):
    start_ahead()
    assert started[0].poll() is None
    end_unused()
    assert started[0].returncode == -signal.SIGKILL


def test_a_process_that_died_while_it_waited_is_replaced(probe_arguments, started):
    start_ahead()
    started[0].kill()
    started[0].wait()
    with pytest.raises(ProbeDied, match="while sending garbage/empty"):
        run_probe(*probe_arguments, meanwhile=lambda: None)
    assert len(started) == 2


def test_a_process_ends_with_the_one_that_started_it():
    reader, writer = os.pipe()
    if not (parent := os.fork()):
        start_ahead()
        os.write(writer, str(process._ahead[0]._process.pid).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(parent, 0)
    waiting = int(os.read(reader, 20))
    os.close(reader)
    os.close(writer)
    # It first imports TensorFlow.
    wait_for_end(waiting)


def test_the_process_uses_onednn_only_as_a_server_does(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    environment = probe_environment()
    assert "TF_ENABLE_ONEDNN_OPTS" not in environment
    assert environment["TF_USE_LEGACY_KERAS"] == "1"
