"""Drift between spans of one source, with and without changed images: `make bench-drift`.

The spans are random samples of real records.
"""

import argparse
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from components.example_gen.image_statistics import measure_image

Change = Callable[[Image.Image], Image.Image]


def _compressed(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    return Image.open(buffer)


CHANGES: dict[str, Change] = {
    "unchanged": lambda image: image,
    "15 % darker": lambda image: image.point(lambda value: value * 0.85),
    "30 % darker": lambda image: image.point(lambda value: value * 0.7),
    "blurred by 1 px": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "JPEG quality 30": _compressed,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
}


def main() -> None:
    """Prints mean, minimum and maximum drift of each feature, by span size and change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder of TFRecord files")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--pairs", type=int, default=12)
    arguments = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    spans = _measure(Path(arguments.data))
    random = np.random.default_rng(0)
    # The two spans of a pair share no image.
    for size in (size for size in arguments.sizes if 2 * size <= len(spans["unchanged"])):
        for name in CHANGES:
            found = []
            for _ in range(arguments.pairs):
                order = random.permutation(len(spans[name]))
                first, second = order[:size], order[size : 2 * size]
                found.append(_drift(spans["unchanged"].iloc[first], spans[name].iloc[second]))
            drift = pd.DataFrame(found)
            words = [
                f"{feature} {drift[feature].mean():.2f} ({drift[feature].min():.2f} to "
                f"{drift[feature].max():.2f})"
                for feature in drift
            ]
            print(f"{size} images, {name}: {', '.join(words)}")  # noqa: T201


def _measure(records: Path) -> dict[str, pd.DataFrame]:
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in CHANGES}
    for image, label in _images(records):
        for name, change in CHANGES.items():
            statistics = measure_image(np.asarray(change(image).convert("RGB")))
            rows[name].append({"label": label, **asdict(statistics)})
    return {name: pd.DataFrame(found) for name, found in rows.items()}


def _images(records: Path) -> Iterator[tuple[Image.Image, str]]:
    import tensorflow as tf

    files = sorted(str(path) for path in records.glob("*.tfrec*"))
    for content in tf.data.TFRecordDataset(files).as_numpy_iterator():
        feature = tf.train.Example.FromString(content).features.feature
        image = Image.open(io.BytesIO(feature["image"].bytes_list.value[0]))
        yield image.convert("RGB"), feature["label"].bytes_list.value[0].decode()


def _drift(previous: pd.DataFrame, current: pd.DataFrame) -> dict[str, float]:
    import tensorflow_data_validation as tfdv

    from data.schema import parse_schema, span_schema_text

    statistics = [
        tfdv.generate_statistics_from_dataframe(span.reset_index(drop=True), n_jobs=1)
        for span in (current, previous)
    ]
    schema = parse_schema(span_schema_text())
    found = tfdv.validate_statistics(statistics[0], schema, previous_statistics=statistics[1])
    return {i.path.step[0]: i.drift_measurements[0].value for i in found.drift_skew_info}


if __name__ == "__main__":
    main()
