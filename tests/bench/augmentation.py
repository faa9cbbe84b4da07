"""Cost of augmentation, of each op alone and in a training: `make bench-augmentation`.

The ops are measured in one process, without a network. The trainings, of SqueezeNet with the
presets `codelab` and `standard` in turn, each have their own process.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[2]
IMAGES = 4096
EPOCHS = 4


def main() -> None:
    """Prints a line per op and preset, then the trainings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="sample", help="see flowers run --data")
    parser.add_argument("--size", type=int, default=64, help="side of the images in pixels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    # As in a run.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    sys.path.insert(0, str(PROJECT))
    if arguments.worker:
        print(json.dumps(_train(*json.loads(arguments.worker))))  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as root:
        files = _transformed(arguments.data, arguments.size, root)
        _measure_ops(files, arguments.size)
        _compare_trainings(files, arguments.size, arguments.repeats)


def _transformed(data: str, size: int, root: str) -> str:
    """Returns a glob pattern of the training records of a run."""
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", "run"]
    command += ["--data", data, "--root", root, "--until", "Transform"]
    command += ["--set", f"transform.image_size={size}"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
    return f"{root}/artifacts/Transform/transformed_examples/*/Split-train/*"


def _measure_ops(files: str, size: int) -> None:
    from components.trainer.input import Images
    from components.transform.augmentation.ops import OPS, ImageOp
    from components.transform.augmentation.presets import PRESETS

    images = Images([files], size)
    values = [[], *PRESETS, *([name] for name, op in OPS.items() if issubclass(op, ImageOp))]
    print(f"\n{size} px{'':<18}images/s   CPU time per image", flush=True)  # noqa: T201
    for value in values:
        speed, cpu = _speed(images, value)
        name = value if isinstance(value, str) else "".join(value) or "(none)"
        print(f"{name:<22}{speed:10.0f}{cpu * 1e6:12.0f} us", flush=True)  # noqa: T201


def _speed(images: object, value: object) -> tuple[float, float]:
    """Returns images/s of the input pipeline, and the CPU time for an image in seconds."""
    from components.trainer.input import make_plan, training_batches
    from components.trainer.settings import TrainerSettings

    trainer = TrainerSettings(augment=value, epochs=2 + 2 * IMAGES // images.count)
    plan = make_plan(trainer, 1, images.count)
    batches = iter(training_batches(images, trainer, plan))
    steps = IMAGES // plan.batch_size
    for _ in range(plan.steps_per_epoch):
        next(batches)
    started, cpu_before = time.perf_counter(), time.process_time()
    for _ in range(steps):
        next(batches)
    count = steps * plan.batch_size
    cpu = time.process_time() - cpu_before
    return count / (time.perf_counter() - started), cpu / count


def _compare_trainings(files: str, size: int, repeats: int) -> None:
    found: dict[str, list[list[float]]] = {"codelab": [], "standard": []}
    for _ in range(repeats):
        for preset, epochs in found.items():
            command = [sys.executable, __file__, "--worker", json.dumps([preset, size, files])]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            epochs.append(json.loads(answer.stdout.splitlines()[-1]))
    print(f"\nSqueezeNet, {size} px: an epoch of each preset, and the ratio")  # noqa: T201
    for name, values in zip(("seconds", "CPU seconds"), _by_kind(found), strict=True):
        medians = {preset: statistics.median(each) for preset, each in values.items()}
        ratio = medians["standard"] / medians["codelab"]
        ranges = [
            f"{preset} {medians[preset]:.2f} ({min(each):.2f} to {max(each):.2f})"
            for preset, each in values.items()
        ]
        print(f"{name:<13}{', '.join(ranges)}: {ratio:.3f}")  # noqa: T201


def _by_kind(found: dict[str, list[list[float]]]) -> list[dict[str, list[float]]]:
    """Returns the seconds, and the CPU seconds, of all trainings with each preset."""
    return [{preset: [e[kind] for e in found[preset]] for preset in found} for kind in (0, 1)]


def _train(preset: str, size: int, files: str) -> tuple[float, float]:
    """Returns the seconds and the CPU seconds of the fastest epoch after the first one."""
    import tensorflow as tf

    from components.trainer.input import Images, make_plan, training_batches
    from components.trainer.models import build_model
    from components.trainer.settings import ModelSettings, TrainerSettings

    trainer = TrainerSettings(augment=preset, epochs=EPOCHS)
    images = Images([files], size)
    plan = make_plan(trainer, 1, images.count)
    model = build_model(ModelSettings(), size, 5)
    model.compile("adam", "sparse_categorical_crossentropy")
    times: list[tuple[float, float]] = []
    clock = tf.keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: times.append((time.perf_counter(), time.process_time()))
    )
    batches = training_batches(images, trainer, plan)
    model.fit(
        batches, epochs=EPOCHS, steps_per_epoch=plan.steps_per_epoch, callbacks=[clock], verbose=0
    )
    epochs = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(times)]
    return min(seconds for seconds, _ in epochs), min(cpu for _, cpu in epochs)


if __name__ == "__main__":
    main()
