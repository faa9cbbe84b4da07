"""How far spans of one source are from each other, and from spans that have changed.

Random spans of real records, and the same with images changed: `make bench-drift REAL_DATA=FOLDER`.
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
    "as it is": lambda image: image,
    "15 % darker": lambda image: image.point(lambda value: value * 0.85),
    "30 % darker": lambda image: image.point(lambda value: value * 0.7),
    "blurred by 1 px": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "JPEG quality 30": _compressed,
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
}


def main() -> None:
    """Prints, by size of a span and change, mean, least and greatest drift of each feature."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder of TFRecord files")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--pairs", type=int, default=12)
    arguments = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    looks = _looks(Path(arguments.data))
    random = np.random.default_rng(0)
    # The two spans of a pair share no image.
    for size in (size for size in arguments.sizes if 2 * size <= len(looks["as it is"])):
        for name in CHANGES:
            found = []
            for _ in range(arguments.pairs):
                order = random.permutation(len(looks[name]))
                before, now = order[:size], order[size : 2 * size]
                found.append(_drift(looks["as it is"].iloc[before], looks[name].iloc[now]))
            drift = pd.DataFrame(found)
            words = [
                f"{feature} {drift[feature].mean():.2f} ({drift[feature].min():.2f} to "
                f"{drift[feature].max():.2f})"
                for feature in drift
            ]
            print(f"{size} images, {name}: {', '.join(words)}")  # noqa: T201


def _looks(records: Path) -> dict[str, pd.DataFrame]:
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in CHANGES}
    for image, label in _images(records):
        for name, change in CHANGES.items():
            look = measure_image(np.asarray(change(image).convert("RGB")))
            rows[name].append({"label": label, **asdict(look)})
    return {name: pd.DataFrame(found) for name, found in rows.items()}


def _images(records: Path) -> Iterator[tuple[Image.Image, str]]:
    import tensorflow as tf

    files = sorted(str(path) for path in records.glob("*.tfrec*"))
    for content in tf.data.TFRecordDataset(files).as_numpy_iterator():
        feature = tf.train.Example.FromString(content).features.feature
        image = Image.open(io.BytesIO(feature["image"].bytes_list.value[0]))
        yield image.convert("RGB"), feature["label"].bytes_list.value[0].decode()


def _drift(before: pd.DataFrame, now: pd.DataFrame) -> dict[str, float]:
    import tensorflow_data_validation as tfdv

    from data.schema import parse_schema, span_schema_text

    statistics = [
        tfdv.generate_statistics_from_dataframe(span.reset_index(drop=True), n_jobs=1)
        for span in (now, before)
    ]
    schema = parse_schema(span_schema_text())
    found = tfdv.validate_statistics(statistics[0], schema, previous_statistics=statistics[1])
    return {i.path.step[0]: i.drift_measurements[0].value for i in found.drift_skew_info}


if __name__ == "__main__":
    main()
