"""Speed and memory of import and ExampleGen, compared with plain tf.data: `make bench-data`.

Each measurement runs in its own process, kind by kind in turn, on the same images.
"""

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def main() -> None:
    """Prints a line per kind of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder of TFRecord files")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(_work(*arguments.worker)))  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as folder:
        _prepare(Path(arguments.data).resolve(), Path(folder))
        _compare(Path(folder), arguments.repeats)


def _prepare(records: Path, folder: Path) -> None:
    """Writes the images as files, and CSV files and record folders of one and of ten copies."""
    import tensorflow as tf

    files = sorted(str(path) for path in records.glob("*.tfrec*"))
    rows = []
    (folder / "images").mkdir()
    for number, content in enumerate(tf.data.TFRecordDataset(files).as_numpy_iterator()):
        feature = tf.train.Example.FromString(content).features.feature
        path = folder / "images" / f"{number}.jpg"
        path.write_bytes(feature["image"].bytes_list.value[0])
        rows.append((str(path), feature["label"].bytes_list.value[0].decode()))
    for times in (1, 10):
        (folder / f"records{times}").mkdir()
        table = [("path", "label")]
        for copy in range(times):
            for path, label in rows:
                # An image is imported once, so each copy needs another path.
                link = folder / "images" / f"{copy}-{Path(path).name}"
                if not link.exists():
                    link.symlink_to(path)
                table.append((str(link), label))
            for file in files:
                (folder / f"records{times}" / f"{copy}-{Path(file).name}").symlink_to(file)
        with (folder / f"{times}.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows(table)


def _compare(folder: Path, repeats: int) -> None:
    kinds = [("tf.data", "1"), ("ExampleGen", "1"), ("import", "1"), ("import 128 px", "1")]
    once = [("ExampleGen", "10"), ("import", "10")]
    found: dict[tuple[str, str], list[dict[str, float]]] = {kind: [] for kind in [*kinds, *once]}
    for repeat in range(repeats):
        for kind in [*kinds, *(once if not repeat else [])]:
            command = [sys.executable, __file__, "--data", "", "--worker", *kind, str(folder)]
            quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
            answer = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=quiet
            )
            found[kind].append(json.loads(answer.stdout.splitlines()[-1]))
            print(*kind, found[kind][-1], flush=True)  # noqa: T201
    base = statistics.median(each["images_per_second"] for each in found["tf.data", "1"])
    print(f"{'':<20}{'images':>8}   images/s (range)   of tf.data   peak memory")  # noqa: T201
    for (kind, _), figures in found.items():
        speeds = sorted(each["images_per_second"] for each in figures)
        middle = statistics.median(speeds)
        peak = max(each["peak_bytes"] for each in figures) / 1e9
        print(  # noqa: T201
            f"{kind:<20}{figures[0]['images']:>8}{middle:8.0f} "
            f"({speeds[0]:.0f} to {speeds[-1]:.0f}){middle / base:11.2f}{peak:12.2f} GB"
        )


def _work(kind: str, times: str, folder: str) -> dict[str, float]:
    sys.path.insert(0, str(PROJECT))
    works: dict[str, Callable[[Path, str], tuple[int, float]]] = {
        "tf.data": _plain,
        "ExampleGen": _example_gen,
        "import": _import,
        "import 128 px": _import_smaller,
    }
    images, seconds = works[kind](Path(folder), times)
    who = resource.RUSAGE_CHILDREN if kind == "ExampleGen" else resource.RUSAGE_SELF
    peak = resource.getrusage(who).ru_maxrss * 1024
    return {"images": images, "images_per_second": images / seconds, "peak_bytes": peak}


def _plain(folder: Path, times: str) -> tuple[int, float]:
    """Measures a notebook's code: reads, parses and decodes with tf.data's own parallelism."""
    import tensorflow as tf

    def decode(record: tf.Tensor) -> tf.Tensor:
        features = {"image": tf.io.FixedLenFeature([], tf.string)}
        return tf.io.decode_jpeg(tf.io.parse_single_example(record, features)["image"], channels=3)

    files = tf.io.gfile.glob(f"{folder}/records{times}/*")
    started = time.perf_counter()
    images = sum(1 for _ in tf.data.TFRecordDataset(files).map(decode, tf.data.AUTOTUNE))
    return images, time.perf_counter() - started


def _example_gen(folder: Path, times: str) -> tuple[int, float]:
    with tempfile.TemporaryDirectory() as root:
        flowers = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]
        data = ["--data", f"{folder}/records{times}", "--root", root, "--until", "ExampleGen"]
        env = {**os.environ, "PYTHONPATH": str(PROJECT)}
        subprocess.run([*flowers, "run", *data], check=True, stdout=subprocess.DEVNULL, env=env)
        (file,) = Path(root).glob("history/*/run.json")
        run = json.loads(file.read_text())
    return sum(run["examples"].values()), run["steps"][0]["seconds"]


def _import(folder: Path, times: str, size: int | None = None) -> tuple[int, float]:
    from data.importing.import_file import ImportOptions
    from data.importing.importer import import_images

    workers = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as out:
        options = ImportOptions(size=size)
        started = time.perf_counter()
        found = import_images(folder / f"{times}.csv", Path(out), options=options, workers=workers)
        return found.written, time.perf_counter() - started


def _import_smaller(folder: Path, times: str) -> tuple[int, float]:
    return _import(folder, times, size=128)


if __name__ == "__main__":
    main()
