"""Training speed, compared with a bare tf.keras script that does the same work: `make bench`.

Each measurement runs in its own process, kind by kind in turn, on the output of Transform:

* ours: the Trainer's training, with oneDNN, which a run turns on.
* bare: a notebook's code with the same network and augmentation, and TensorFlow as it is.
* bare oneDNN: the same with oneDNN.
* network: the same again, but each step takes the same batch from memory: the most that an input
  pipeline can reach.
* input: the Trainer's input pipeline alone.
* ours x10: the Trainer with ten times the images, once, for its memory.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
BATCH_SIZE = 32
EPOCHS = 4
# The kind that the others are compared with, and the kind that is measured only once.
BARE, ONCE = "bare", "ours x10"


def main() -> None:
    """Prints a table per image size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sample", help="see flowers run --data")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 96])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--kinds", choices=MEASURES, nargs="+", default=[*MEASURES],
        help=f"the kinds to measure; {BARE} is always measured",
    )  # fmt: skip
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(_work(*json.loads(arguments.worker))))  # noqa: T201
        return
    kinds = [kind for kind in MEASURES if kind in {BARE, *arguments.kinds}]
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as root:
            files = _transformed(arguments.data, size, root)
            _print_table(size, _measure(files, size, kinds, arguments.repeats))


def _transformed(data: str, size: int, root: str) -> list[str]:
    """Returns glob patterns of the train and eval records of a run."""
    command = ["flowers", "run", "--data", data, "--root", root, "--until", "Transform"]
    subprocess.run([*command, "--set", f"transform.image_size={size}"], check=True)
    return [
        f"{root}/artifacts/Transform/transformed_examples/*/Split-{s}/*" for s in ("train", "eval")
    ]


def _measure(
    files: list[str], size: int, kinds: Sequence[str], repeats: int
) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for repeat in range(repeats):
        for kind in kinds:
            if repeat and kind == ONCE:
                continue
            command = [sys.executable, __file__, "--worker", json.dumps([kind, size, files])]
            answer = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, text=True, env=_environment(kind)
            )
            print(kind, f"{size} px,", f"repeat {repeat + 1} of {repeats}", flush=True)  # noqa: T201
            found[kind].append(json.loads(answer.stdout.splitlines()[-1]))
    return found


def _environment(kind: str) -> dict[str, str]:
    """Returns the environment of a measurement: only a plain script leaves oneDNN to TensorFlow."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    environment.pop("TF_ENABLE_ONEDNN_OPTS", None)
    return environment if kind == BARE else {**environment, "TF_ENABLE_ONEDNN_OPTS": "1"}


def _print_table(size: int, found: dict[str, list[dict[str, float]]]) -> None:
    base = statistics.median(f["images_per_second"] for f in found[BARE])
    lines = [f"\n{size} px{'':<8}images/s (range)      of bare   first step   peak memory"]
    for kind, figures in found.items():
        speeds = sorted(figure["images_per_second"] for figure in figures)
        middle = statistics.median(speeds)
        first = statistics.median(figure["first_step"] for figure in figures)
        peak = max(figure["peak_bytes"] for figure in figures) / 1e9
        lines.append(
            f"{kind:<12}{middle:7.0f} ({speeds[0]:.0f} to {speeds[-1]:.0f})"
            f"{middle / base:12.2f}{first:12.1f} s{peak:11.2f} GB"
        )
    print("\n".join(lines), flush=True)  # noqa: T201


def _work(kind: str, size: int, files: Sequence[str]) -> dict[str, float]:
    """Returns the figures of one kind, measured in this process."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    sys.path.insert(0, str(PROJECT))
    figures = MEASURES[kind](size, *files)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**figures, "peak_bytes": peak}


def _settings(size: int, epochs: int) -> Any:
    from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings

    trainer = TrainerSettings(epochs=epochs, batch_size=BATCH_SIZE)
    return TrainingSettings(image_size=size, model=ModelSettings(), trainer=trainer)


def _ours(size: int, train_files: str, eval_files: str, copies: int = 1) -> dict[str, float]:
    from components.trainer.train import train

    with tempfile.TemporaryDirectory() as state:
        epochs = EPOCHS if copies == 1 else 1
        _, report = train(
            _settings(size, epochs), [train_files] * copies, [eval_files], list("abcde"), state
        )
    speeds = [epoch["images_per_second"] for epoch in report.epochs]
    return {
        "images_per_second": statistics.median(speeds[1:] or speeds),
        "first_step": report.first_step_seconds,
    }


def _ours_on_ten_times(size: int, train_files: str, eval_files: str) -> dict[str, float]:
    return _ours(size, train_files, eval_files, copies=10)


def _input(size: int, train_files: str, eval_files: str) -> dict[str, float]:
    """Measures the input pipeline alone."""
    from components.trainer.input import Images, make_plan, training_batches

    images = Images([train_files], size)
    trainer = _settings(size, EPOCHS).trainer
    plan = make_plan(trainer, 1, images.count)
    batches = iter(training_batches(images, trainer, plan))
    started = time.perf_counter()
    next(batches)
    first = time.perf_counter() - started
    speeds = []
    for epoch in range(EPOCHS):
        started = time.perf_counter()
        for _ in range(plan.steps_per_epoch - (not epoch)):
            next(batches)
        speeds.append(plan.steps_per_epoch * BATCH_SIZE / (time.perf_counter() - started))
    return {"images_per_second": statistics.median(speeds[1:]), "first_step": first}


def _bare(size: int, train_files: str, eval_files: str) -> dict[str, float]:
    """Measures a notebook's code: the same network, image size, batch size and augmentation."""
    import tensorflow as tf

    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "class": tf.io.FixedLenFeature([], tf.int64),
    }

    def parse(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        example = tf.io.parse_single_example(record, features)
        pixels = tf.ensure_shape(tf.io.parse_tensor(example["image"], tf.uint8), [size, size, 3])
        return pixels, example["class"]

    def augment(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = tf.image.random_flip_left_right(image)
        return tf.image.random_saturation(image, 0.0, 2.0), label

    records = tf.data.TFRecordDataset(tf.io.gfile.glob(train_files), "GZIP")
    examples = records.map(parse, tf.data.AUTOTUNE).cache()
    count = sum(1 for _ in examples)
    batches = examples.shuffle(count).map(augment, tf.data.AUTOTUNE)
    batches = batches.batch(BATCH_SIZE, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    return _fit(size, batches, count // BATCH_SIZE)


def _network(size: int, train_files: str, eval_files: str) -> dict[str, float]:
    """Measures the steps of the network alone: noise, always the same batch."""
    import tensorflow as tf

    pixels = tf.random.uniform([BATCH_SIZE, size, size, 3], maxval=256, dtype=tf.int32, seed=0)
    labels = tf.range(BATCH_SIZE) % 5
    steps = 64
    batches = tf.data.Dataset.from_tensors((tf.cast(pixels, tf.uint8), labels)).repeat(steps)
    return _fit(size, batches, steps)


def _fit(size: int, batches: Any, steps: int) -> dict[str, float]:
    import tensorflow as tf

    from components.trainer.models import build_model

    network = build_model(_settings(size, 1).model, size, 5)
    model = tf.keras.Model(network.inputs, network.outputs)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    clock = _clock(tf)
    model.fit(batches, epochs=EPOCHS, verbose=0, callbacks=[clock])
    speed = steps * BATCH_SIZE / statistics.median(clock.seconds[1:])
    return {"images_per_second": speed, "first_step": clock.first_step}


def _clock(tf: Any) -> Any:
    class Clock(tf.keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []
            self.first_step = 0.0

        def on_train_begin(self, logs: object = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
            self.started = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            self.first_step = self.first_step or time.perf_counter() - self.began

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.seconds.append(time.perf_counter() - self.started)

    return Clock()


MEASURES = {
    "ours": _ours,
    BARE: _bare,
    "bare oneDNN": _bare,
    "network": _network,
    "input": _input,
    ONCE: _ours_on_ten_times,
}

if __name__ == "__main__":
    main()
