"""Artifacts of ExampleGen with toy images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.artifacts import write_text
from data.ingestion_counts import COUNTS_FILE, IngestionCounts
from data.records import encode_example
from tests.brightness import NAMES
from tests.encoding import encode


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
