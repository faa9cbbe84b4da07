"""Time and peak memory of each step by the number of images: `make bench-growth REAL_DATA=DIR`.

The images are copies of real ones that differ: each is another crop in another hue. Each step runs
in a process of its own, which takes the steps before it from the cache, so that its peak memory is
that of the step. The smallest network trains for one epoch, because training is not measured here.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from revision import PROJECT, environment, measured, newest_steps

sys.path.insert(0, str(PROJECT))
from pipeline.steps import STEPS

OPTIONS = ["--config", "quickstart", "--plain"] + [
    option
    for setting in (
        "model.name=dense", "trainer.epochs=1", "gate.target=0.01", "trainer.augment=[]",
        "data.split_salt=0", "serving.max_latency_ms=null",
    )
    for option in ("--set", setting)
]  # fmt: skip
_SHARD = 1000

# By step: seconds, and peak memory in MB.
Figures = dict[str, tuple[float, float]]


def main() -> None:
    """Prints a row per step, with the seconds and the peak memory for each number of images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder of TFRecord files")
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--copy", nargs=2, metavar=("IMAGES", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.copy:
        _copy(Path(arguments.data), int(arguments.copy[0]), Path(arguments.copy[1]))
        return
    found = {}
    for images in arguments.images:
        with tempfile.TemporaryDirectory() as folder:
            copy = [sys.executable, __file__, "--data", arguments.data, "--copy", str(images)]
            subprocess.run([*copy, f"{folder}/records"], check=True, env=environment(PROJECT))
            found[images] = _measure(images, folder)
    _print_table(found)


def _copy(records: Path, number: int, folder: Path) -> None:
    """Writes so many different copies of the images in records, with their labels."""
    import tensorflow as tf

    from data.records import bytes_feature, ints_feature

    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.string),
        "class": tf.io.FixedLenFeature([], tf.int64),
    }

    def change(index: tf.Tensor, record: tf.Tensor) -> dict[str, tf.Tensor]:
        example = tf.io.parse_single_example(record, features)
        image = tf.io.decode_jpeg(example["image"], 3)
        seed = tf.stack([index, 0])
        image = tf.image.stateless_random_crop(image, tf.shape(image) * [3, 3, 4] // 4, seed)
        image = tf.image.stateless_random_hue(image, 0.5, seed)
        return {**example, "image": tf.io.encode_jpeg(image, quality=90)}

    files = sorted(str(path) for path in records.glob("*.tfrec*"))
    copies = tf.data.TFRecordDataset(files).repeat().take(number).enumerate()
    folder.mkdir()
    writer = None
    for index, values in enumerate(copies.map(change, 2).as_numpy_iterator()):
        if index % _SHARD == 0:
            writer = tf.io.TFRecordWriter(str(folder / f"{index // _SHARD}.tfrec"))
        feature = {
            "image": bytes_feature(values["image"]),
            "label": bytes_feature(values["label"]),
            "class": ints_feature([values["class"]]),
        }
        example = tf.train.Example(features=tf.train.Features(feature=feature))
        writer.write(example.SerializeToString())


def _measure(images: int, folder: str) -> Figures:
    found: Figures = {}
    for step in STEPS:
        run = ["--data", f"{folder}/records", "--root", f"{folder}/root", "--until", step]
        _, usage = measured(PROJECT, ["run", *OPTIONS, *run])
        peak = usage.ru_maxrss * 1024 / 1e6
        steps = {each["name"]: each for each in newest_steps(PROJECT, Path(folder, "root"))}
        assert steps[step]["state"] == "done", steps[step]
        found[step] = steps[step]["seconds"], peak
        print(f"{images} images, {step}: {found[step][0]:.1f} s, {peak:.0f} MB", flush=True)  # noqa: T201
    return found


def _print_table(found: dict[int, Figures]) -> None:
    print(f"\n{'step':<18}" + "".join(f"{images:>16,} images" for images in found))  # noqa: T201
    for step in STEPS:
        cells = (f"{found[n][step][0]:10.1f} s{found[n][step][1]:8.0f} MB" for n in found)
        print(f"{step:<18}" + "   ".join(cells))  # noqa: T201


if __name__ == "__main__":
    main()
