"""The two lines of TFX side by side: the time of imports and of a training at 64 px.

    python tests/bench/lines.py .venv-3.11/bin/python .venv-3.13/bin/python

takes the Pythons of two environments on one machine. Each measurement runs in a process of its own,
the environments in turn; both train on the same records, which the first one has transformed.
"""

import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]
MODULES = (
    "pipeline.local.run", "pipeline.graph", "pipeline.runners.local", "components.trainer.train",
)  # fmt: skip
SIZE, BATCH_SIZE, EPOCHS = 64, 32, 4
# The figures, and their decimal places.
FIGURES = {"import, CPU s": 1, "first step, s": 1, "images/s": 0, "training, CPU s": 1}

Figures = dict[str, float]


def main() -> None:
    """Prints a line per figure: median and range of each environment, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="*")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--worker", choices=["import", "training"], help=argparse.SUPPRESS)
    parser.add_argument("--files", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        sys.path.insert(0, str(PROJECT))
        figures = _import() if arguments.worker == "import" else _train(*arguments.files)
        print(json.dumps(figures))  # noqa: T201
        return
    with tempfile.TemporaryDirectory() as root:
        files = _transformed(arguments.pythons[0], root)
        found = _measure(arguments.pythons, files, arguments.repeats)
    _print_table(arguments.pythons, found)


def _environment() -> dict[str, str]:
    own = {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    return {**os.environ, **own, "PYTHONPATH": str(PROJECT)}


def _transformed(python: str, root: str) -> list[str]:
    """Returns glob patterns of the transformed train and eval records of the sample."""
    command = [
        str(Path(python).parent / "flowers"), "run", "--root", root, "--until", "Transform",
        "--set", f"transform.image_size={SIZE}",
    ]  # fmt: skip
    subprocess.run(command, check=True, env=_environment())
    return [
        f"{root}/artifacts/Transform/transformed_examples/*/Split-{s}/*" for s in ("train", "eval")
    ]


def _measure(pythons: Sequence[str], files: Sequence[str], repeats: int) -> list[list[Figures]]:
    """Returns the figures of each repeat of each environment."""
    found: list[list[Figures]] = [[] for _ in pythons]
    for repeat in range(repeats):
        for python, own in zip(pythons, found, strict=True):
            figures: Figures = {}
            for worker in ("import", "training"):
                command = [python, __file__, "--worker", worker, "--files", *files]
                answer = subprocess.run(
                    command, check=True, stdout=subprocess.PIPE, text=True, env=_environment()
                )
                figures |= json.loads(answer.stdout.splitlines()[-1])
            own.append(figures)
            print(f"repeat {repeat + 1} of {repeats}, {python}: {figures}", flush=True)  # noqa: T201
    return found


def _print_table(pythons: Sequence[str], found: Sequence[Sequence[Figures]]) -> None:
    for name, digits in FIGURES.items():
        values = [[figures[name] for figures in own] for own in found]
        texts = [
            f"{statistics.median(own):.{digits}f} ({min(own):.{digits}f} to {max(own):.{digits}f})"
            for own in values
        ]
        pairs = [second / first for first, second in zip(*values, strict=True)]
        ratio = f"{statistics.median(pairs):.2f} ({min(pairs):.2f} to {max(pairs):.2f})"
        print(f"{name}: {' | '.join(texts)} | {ratio}", flush=True)  # noqa: T201


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _import() -> Figures:
    """Imports what `flowers run` imports, and returns the CPU time since the process started."""
    from data.common.garbage_collection import no_garbage_collection
    from pipeline.left_out import RUN, RUN_WITHOUT, left_out

    with left_out(RUN, without=RUN_WITHOUT), no_garbage_collection():
        for module in MODULES:
            importlib.import_module(module)
    return {"import, CPU s": _cpu_seconds()}


def _train(train_files: str, eval_files: str) -> Figures:
    from components.trainer.settings import ModelSettings, TrainerSettings, TrainingSettings
    from components.trainer.train import train

    trainer = TrainerSettings(epochs=EPOCHS, batch_size=BATCH_SIZE)
    settings = TrainingSettings(image_size=SIZE, model=ModelSettings(), trainer=trainer)
    before = _cpu_seconds()
    with tempfile.TemporaryDirectory() as state:
        _, report = train(settings, [train_files], [eval_files], list("abcde"), state)
    return {
        "first step, s": report.first_step_seconds,
        "images/s": statistics.median([e["images_per_second"] for e in report.epochs][1:]),
        "training, CPU s": _cpu_seconds() - before,
    }


if __name__ == "__main__":
    main()
