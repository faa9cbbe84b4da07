"""A tiny pushed model, pictures that it can classify, and the context of a run on the sample."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf

from pipeline.history.run import Run
from pipeline.history.runs import History

if TYPE_CHECKING:
    from pipeline.run_context import RunContext

COLOURS = ["red", "green", "blue"]


class ColourModel(tf.Module):
    """Classifies images by their strongest colour; has the interface of `Servable`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {"image": tf.io.FixedLenFeature([], tf.string)}
        return self._classify(tf.io.parse_example(examples, features)["image"])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._classify(image_bytes)

    @tf.function(input_signature=[])
    def class_names(self) -> tf.Tensor:
        return tf.constant(COLOURS)

    def _classify(self, encoded: tf.Tensor) -> dict[str, tf.Tensor]:
        means = tf.map_fn(_mean_colour, encoded, fn_output_signature=tf.float32)
        probabilities = tf.nn.softmax(means / 64)
        class_id = tf.argmax(probabilities, axis=-1)
        label = tf.gather(COLOURS, class_id)
        return {"probabilities": probabilities, "class_id": class_id, "label": label}


def _mean_colour(encoded: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(tf.reduce_mean(tf.cast(image, tf.float32), axis=[0, 1]), [3])


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory, write_run: Callable[..., None]) -> Path:
    """A root with a pushed version 1 and the run that pushed it."""
    root = tmp_path_factory.mktemp("root")
    model = ColourModel()
    signatures = {
        "serving_default": model.serving_default,
        "serving_bytes": model.serving_bytes,
    }
    tf.saved_model.save(model, str(root / "serving" / "1"), signatures=signatures)
    write_run(root, COLOURS)
    return root


@pytest.fixture(scope="session")
def write_run() -> Callable[..., None]:
    """Returns a function that writes the history of a run that pushed a version."""

    def write(root: Path, class_names: list[str], version: int = 1) -> None:
        (root / "serving" / str(version)).mkdir(parents=True, exist_ok=True)
        history = History(root)
        run = Run(
            run_id=history.new_run_id(datetime.datetime.now(datetime.UTC)),
            started="2026-11-24T12:00:00+00:00", state="pushed", config="quickstart", settings={},
            model="dense", class_names=class_names, pushed=version,
        )  # fmt: skip
        history.save(run)

    return write


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Returns a function that draws a PNG of one colour, given as an index into COLOURS."""

    def draw(colour: int, height: int = 8, width: int = 8) -> bytes:
        pixels = tf.one_hot(tf.fill([height, width], colour), 3, on_value=255, off_value=0)
        return tf.io.encode_png(tf.cast(pixels, tf.uint8)).numpy()

    return draw


@pytest.fixture(scope="session")
def run_context() -> "RunContext":
    """The context of a first run on the sample; nothing is read or written."""
    from components.model_store.base import ServedVersion
    from data import sources
    from data.synthetic import CLASS_NAMES
    from pipeline.run_context import RunContext
    from pipeline.steps import library_versions

    return RunContext(
        source=sources.resolve("sample"),
        classes=CLASS_NAMES,
        split_salt="",
        data_fingerprint="",
        root="/root",
        baseline=ServedVersion(),
        libraries=library_versions(),
    )
