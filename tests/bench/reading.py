"""Speed and memory of import and ExampleGen, compared with plain tf.data: `make bench-data`.

Each measurement runs in its own process, kind by kind in turn, on the same images.

    python tests/bench/reading.py --data FOLDER --against REVISION --repeats 5

compares runs up to ExampleGen with those of an older revision, in the same environment, with one
core and with two.
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

from revision import PROJECT, checkout, measured, newest_steps

CORES = len(os.sched_getaffinity(0))
QUIET = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


def main() -> None:
    """Prints a line per kind of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder of TFRecord files")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--against", metavar="REVISION", help="compare ExampleGen with this one")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(_work(*arguments.worker)))  # noqa: T201
        return
    if arguments.against:
        with checkout(arguments.against) as folder:
            _compare_revisions(folder, Path(arguments.data).resolve(), arguments.repeats)
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
            found[kind].append(_measure(*kind, folder))
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


def _measure(kind: str, times: str, folder: Path) -> dict[str, float]:
    if kind == "ExampleGen":
        return _example_gen(folder / f"records{times}")
    command = [sys.executable, __file__, "--data", "", "--worker", kind, times, str(folder)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=QUIET)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def _work(kind: str, times: str, folder: str) -> dict[str, float]:
    sys.path.insert(0, str(PROJECT))
    works: dict[str, Callable[[Path, str], tuple[int, float]]] = {
        "tf.data": _plain,
        "import": _import,
        "import 128 px": _import_smaller,
    }
    images, seconds = works[kind](Path(folder), times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
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


def _example_gen(records: Path, tree: Path = PROJECT, cores: int = CORES) -> dict[str, float]:
    """Returns the costs of a run up to ExampleGen, and of that step, for a folder of records."""
    with tempfile.TemporaryDirectory() as root:
        options = ["--data", str(records), "--root", f"{root}/runs", "--until", "ExampleGen"]
        allowed = ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))
        elapsed, usage = measured(tree, ["run", *options], ["taskset", "--cpu-list", allowed])
        (file,) = Path(root).glob("runs/history/*/run.json")
        images = sum(json.loads(file.read_text())["examples"].values())
        steps = newest_steps(tree, Path(root, "runs"))
    seconds = next(step["seconds"] for step in steps if step["name"] == "ExampleGen")
    return {
        "images": images,
        "images_per_second": images / seconds,
        "step_seconds": seconds,
        "run_seconds": elapsed,
        "run_cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
    }


def _compare_revisions(folder: Path, records: Path, repeats: int) -> None:
    """Prints, by number of cores, the costs of this version relative to those of an older one."""
    names = {
        "step_seconds": "seconds of the step",
        "run_seconds": "seconds of the run",
        "run_cpu_seconds": "CPU seconds of the run",
        "peak_bytes": "largest process",
    }
    for cores in sorted({1, min(2, CORES)}):
        ratios: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(repeats):
            before, now = (_example_gen(records, path, cores) for path in (folder, PROJECT))
            print(f"{cores} cores, before: {before}\n{cores} cores, now: {now}", flush=True)  # noqa: T201
            for name, values in ratios.items():
                values.append(now[name] / before[name])
        for name, values in ratios.items():
            middle = f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
            print(f"{cores} cores, {names[name]}, now relative to before: {middle}", flush=True)  # noqa: T201


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
