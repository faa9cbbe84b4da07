"""Batch predictions that are killed, run on separate workers, or have many images."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
import tensorflow as tf

from data.records import encode_example
from pipeline.batch_prediction.predict_batch import BatchRequest, predict_batch
from pipeline.settings.settings import Settings

MEGABYTE = 2**20


@pytest.fixture
def photos(picture, tmp_path):
    """A folder of 60 images."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(60):
        (folder / f"{index:02d}.png").write_bytes(picture(index % 3))
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("p-*-of-*")}


def request_of(root, pattern, prefix, **beam):
    settings = Settings.model_validate({"beam": beam})
    model = str(root / "serving" / "1")
    return BatchRequest(str(pattern), str(prefix), model, "version 1", "jsonl", 1, settings)


def predict_and_die(root, photos, folder, number):
    """Sends a signal after the first result; returns the command, its exit code and its output."""
    command = [
        sys.executable, "-c", "from pipeline.cli.main import main; main()", "predict-batch",
        photos, "--root", root, "--out", folder / "out" / "p", "--format", "jsonl",
        "--shard-images", "1",
    ]  # fmt: skip
    log = folder / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    while not contents(folder / "out"):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.01)
    process.send_signal(number)
    return command, process.wait(), log.read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_killed_prediction_continues_with_the_missing_shards(root, photos, tmp_path):
    out = tmp_path / "out"
    command, _, _ = predict_and_die(root, photos, tmp_path, signal.SIGKILL)
    before = contents(out)
    times = {name: os.stat(out / name).st_mtime_ns for name in before}
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} shards are there already" in done.stdout
    assert "60 images: blue 20, green 20, red 20" in done.stdout
    assert {name: os.stat(out / name).st_mtime_ns for name in before} == times
    assert len(contents(out)) == 60


@pytest.mark.slow
def test_an_interrupted_prediction_ends_with_its_exit_code(root, photos, tmp_path):
    _, code, log = predict_and_die(root, photos, tmp_path, signal.SIGTERM)
    assert code == 128 + signal.SIGTERM
    assert "Traceback" not in log
    assert len(contents(tmp_path / "out")) < 60


@pytest.mark.slow
def test_workers_of_a_job_service_write_the_same_results(root, photos, tmp_path, job_service):
    predict_batch(request_of(root, photos, tmp_path / "here" / "p"))
    args = [f"--job_endpoint={job_service}", "--environment_type=LOOPBACK"]
    remote = request_of(
        root, photos, tmp_path / "there" / "p", runner="portable", pipeline_args=args
    )
    predict_batch(remote)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


@pytest.mark.long
def test_memory_does_not_grow_with_the_number_of_images(root, picture, tmp_path):
    record = encode_example(picture(1), 0, ["a"], (8, 8))

    def peak(thousands):
        folder = tmp_path / f"records-{thousands}"
        folder.mkdir()
        for shard in range(thousands):
            with tf.io.TFRecordWriter(str(folder / f"{shard}-1000.tfrec")) as writer:
                for _ in range(1000):
                    writer.write(record)
        process, highest, done = psutil.Process(), [0], threading.Event()

        def watch():
            while not done.wait(0.05):
                highest[0] = max(highest[0], process.memory_info().rss)

        thread = threading.Thread(target=watch)
        thread.start()
        found = predict_batch(request_of(root, folder, tmp_path / f"{thousands}" / "p"))
        done.set()
        thread.join()
        assert found.summary.images == thousands * 1000
        return highest[0]

    # The first one loads what all of them need.
    peak(2)
    few, many = peak(3), peak(100)
    assert many - few < 0.1 * few, f"{few / MEGABYTE:.0f} and {many / MEGABYTE:.0f} MB"
