"""ExampleGen's memory does not grow with the data."""

import threading
import time

import numpy as np
import psutil
import pytest
import tensorflow as tf

from data.records import encode_example
from pipeline.report_page import refresh

MEGABYTE = 2**20


@pytest.fixture
def large(tmp_path):
    """400 MB of images that are fast to make: copies of one image with different trailing bytes."""
    pixels = np.random.default_rng(0).integers(0, 255, [64, 64, 3], np.uint8)
    image = tf.io.encode_jpeg(pixels).numpy()
    folder = tmp_path / "large"
    folder.mkdir()
    for shard in range(4):
        with tf.io.TFRecordWriter(str(folder / f"{shard}-100.tfrec")) as writer:
            for index in range(100):
                tail = bytes([shard, index]) * (MEGABYTE // 2)
                writer.write(encode_example(image + tail, index % 2, ["a", "b"], (64, 64)))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("grouped", ["false", "true"])
def test_example_gen_does_not_keep_records_in_memory(
    flowers, large, tmp_path, grouped, monkeypatch
):
    # The pictures of the report, which are read one by one, are not measured here.
    monkeypatch.setattr(refresh, "refresh_pages", lambda root, run: "Report: none")
    # A first run, so that imports and one-time set-up are not measured.
    small = tmp_path / "small"
    small.mkdir()
    (large / "0-100.tfrec").rename(small / "0-100.tfrec")
    until = ("--until", "ExampleGen", "--set", f"data.group_near_duplicates={grouped}")
    flowers("run", "--data", small, "--root", tmp_path / "first", *until)
    process, before, peak, done = psutil.Process(), psutil.Process().memory_info().rss, [0], []

    def watch():
        while not done:
            peak[0] = max(peak[0], process.memory_info().rss)
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    answer = flowers("run", "--data", large, "--root", tmp_path / "second", *until)
    done.append(True)
    thread.join()
    assert "300 records" in answer.out
    assert peak[0] - before < 120 * MEGABYTE
