"""A model that needs no training, and artifacts of ExampleGen with toy images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.artifacts import write_text
from components.predictions.served_model import ServedModel
from data.ingestion_counts import COUNTS_FILE, IngestionCounts
from data.records import encode_example
from tests.encoding import encode

NAMES = ["dark", "light"]


class Brightness(tf.Module):
    """Classifies images by their mean brightness."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_default(self, examples):
        features = {"image": tf.io.FixedLenFeature([], tf.string)}
        images = tf.io.parse_example(examples, features)["image"]

        def measure(encoded):
            image = tf.io.decode_image(encoded, 3, expand_animations=False)
            return tf.reduce_mean(tf.cast(image, tf.float32)) / 255

        light = tf.map_fn(measure, images, fn_output_signature=tf.float32)
        return {"probabilities": tf.stack([1 - light, light], axis=1)}

    @tf.function(input_signature=[])
    def class_names(self):
        return tf.constant(NAMES)


@pytest.fixture(scope="session")
def brightness_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a SavedModel that classifies images by their brightness."""
    folder, model = str(tmp_path_factory.mktemp("model")), Brightness()
    tf.saved_model.save(model, folder, signatures={"serving_default": model.serving_default})
    return folder


@pytest.fixture(scope="session")
def brightness(brightness_folder: str) -> ServedModel:
    """A model that classifies images by their brightness."""
    return ServedModel(brightness_folder)


@pytest.fixture
def write_examples(tmp_path: Path) -> Callable[..., str]:
    """Returns a function that writes ExampleGen's examples and counts, and returns their folder.

    It takes the mean grey of each image by split; images above 127 are of the class `light`.
    """

    def write(**splits: list[int]) -> str:
        random, classes = np.random.default_rng(0), {}
        for split, greys in splits.items():
            folder = tmp_path / "examples" / f"Split-{split}"
            folder.mkdir(parents=True)
            with tf.io.TFRecordWriter(str(folder / "data-0.gz"), "GZIP") as writer:
                for number, grey in enumerate(greys):
                    noise = random.integers(-9, 10, [24, 32, 3])
                    image = encode(Image.fromarray((grey + noise).clip(0, 255).astype(np.uint8)))
                    source = f"{split}/{number}.jpg"
                    record = encode_example(image, int(grey > 127), NAMES, (32, 24), source)
                    writer.write(record)
            classes[split] = {n: sum((g > 127) == (n == "light") for g in greys) for n in NAMES}
        counts = IngestionCounts(splits=classes)
        write_text(counts.model_dump_json(), str(tmp_path / "examples"), COUNTS_FILE)
        return str(tmp_path / "examples")

    return write
