"""Settings and fixtures of all tests: Keras 2, options, small images, and a simulated cloud."""

import os

# TensorFlow reads it when it is imported, which the test modules do.
os.environ["TF_USE_LEGACY_KERAS"] = "1"
# As in a run, see `data/common/onednn.py`.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import tensorflow as tf

from components.transform.images import encode_pixels

# A busy machine exceeds the deadline of 200 ms for a single example.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    # `=` is required: pytest would take a separate path for the location of its own settings.
    parser.addoption("--real-data", metavar="DIR", help="--real-data=DIR: real flower TFRecords")
    parser.addoption("--require-browser", action="store_true", help="fail without Chromium")
    parser.addoption("--moved-root", metavar="DIR", help="--moved-root=DIR: see test_moved_root.py")
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden job")


@pytest.fixture
def make_image() -> Callable[..., np.ndarray]:
    """Returns a function that makes a smooth random image: uint8 [height, width, 3]."""

    def make(seed: int = 0, height: int = 48, width: int = 64) -> np.ndarray:
        coarse = np.random.default_rng(seed).uniform(0, 255, [6, 6, 3])
        return tf.cast(tf.image.resize(coarse, [height, width]), tf.uint8).numpy()

    return make


@pytest.fixture
def write_transformed(tmp_path: Path) -> Callable[..., list[str]]:
    """Returns a function that writes records like Transform and returns their paths."""

    def write(name: str, images: Sequence[np.ndarray], labels: Sequence[int]) -> list[str]:
        path = tmp_path / f"{name}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for image, label in zip(images, labels, strict=True):
                pixels = encode_pixels(tf.constant(image)).numpy()
                features = {
                    "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[pixels])),
                    "class": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())
        return [str(path)]

    return write


@pytest.fixture(scope="session")
def one_cloud():
    """Yields one simulated cloud for all tests, because gRPC loads root certificates once."""
    # They import Google's client, which takes seconds.
    from pipeline.vertex.rehearsal.loopback import loopback
    from tests.cloud import Cloud

    cloud = Cloud()
    with loopback(cloud.handlers()) as environment:
        yield cloud, environment


@pytest.fixture
def cloud(one_cloud, monkeypatch):
    """A simulated cloud on this machine, to which Google's clients connect during the test."""
    cloud, environment = one_cloud
    vars(cloud).clear()
    cloud.__init__()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return cloud


@pytest.fixture(scope="session")
def brightness_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a SavedModel that classifies images by their brightness."""
    # It imports TensorFlow.
    from tests.brightness import save_model

    folder = str(tmp_path_factory.mktemp("model"))
    save_model(folder)
    return folder


@pytest.fixture
def hook():
    """A webhook; `answers` are the status codes of its next responses, `got` the received JSON."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append(json.loads(body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.end_headers()

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/secret"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def job_service(tmp_path):
    """Yields the address of Beam's own job service, which runs in a separate process."""
    log = tmp_path / "service.log"
    command = [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main"]
    with log.open("wb") as stream:
        process = subprocess.Popen([*command, "--port", "0"], stdout=stream, stderr=stream)
    try:
        end = time.monotonic() + 120
        while not (port := re.search(r"started at localhost on port (\d+)", log.read_text())):
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)
        yield f"localhost:{port[1]}"
    finally:
        process.terminate()
        process.wait()
