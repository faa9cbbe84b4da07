"""A small run as `flowers run` leaves it, made without TFX: records, predictions, history."""

import functools
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.gate.baseline_table import baseline_writer
from components.gate.batches import Batch
from components.gate.metrics import Tally
from components.predictions.table import (
    CHANGED,
    CHANGED_FILE,
    PREDICTIONS,
    PREDICTIONS_FILE,
    table_writer,
)
from data.records import encode_example, record_id
from data.synthetic import draw_flower
from pipeline.history.run import Run
from pipeline.history.runs import History
from tests.pipeline.report_page.toy_history import make_run

HOSTILE_CLASSES = (
    "rose",
    "<script>alert(1)</script>",
    "O\"Brien's & <b>tulip</b>",
    "🌻 sunflower",
    "a class with a name of eighty characters " + "x" * 39,
)
HOSTILE_FILES = (
    "photos/{}.jpg",
    "<img src=x onerror=alert(1)>/{}.png",
    "🌷 'new' & \"old\"/{}.jpg",
)
_FLOWERS = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
# Different drawings of each flower, which take a few milliseconds each.
_DRAWINGS = 25


@dataclass(frozen=True)
class ToyRun:
    """What a run of the toy root is like.

    Attributes:
      run_id: Its id.
      class_names: The classes.
      images: The number of images of each split.
      accuracy: The share of the test images that are classified correctly, about.
      baseline: Whether the gate compared the model with version 1.
      changes: The names of the changes of the test images; empty if robustness is turned off.
      pixels: The side of the images.
      seed: Seed of the predictions.
      fields: Further or other fields of the run.
    """

    run_id: str = "20261127-120000"
    class_names: Sequence[str] = HOSTILE_CLASSES
    images: Any = None
    accuracy: float = 0.75
    baseline: bool = True
    changes: Sequence[str] = ("squeezed to 3:4", "30 % darker", "blurred")
    pixels: int = 48
    seed: int = 0
    fields: Any = None

    def number(self, split: str) -> int:
        return (self.images or {"train": 30, "eval": 20, "test": 60})[split]


def predict(
    rng: np.random.Generator, classes: np.ndarray, names: int, accuracy: float
) -> np.ndarray:
    """Returns random probabilities, float32 [n, names], most of which are right."""
    logits = rng.normal(0, 1, [len(classes), names])
    right = rng.uniform(size=len(classes)) < accuracy
    wanted = np.where(right, classes, rng.integers(0, names, len(classes)))
    logits[np.arange(len(classes)), wanted] += 4
    exponents = np.exp(logits)
    return (exponents / exponents.sum(axis=1, keepdims=True)).astype(np.float32)


def write_toy_run(root: Path, **attributes: Any) -> Run:
    """Writes a run under a root; the arguments are attributes of ToyRun."""
    toy = replace(ToyRun(), **attributes)
    rng, names = np.random.default_rng(toy.seed), len(toy.class_names)
    artifacts = root / "artifacts"
    ids = _write_examples(artifacts / "ExampleGen" / "examples" / toy.run_id, toy)
    classes = {split: np.arange(len(ids[split])) % names for split in ids}
    answers = {split: predict(rng, classes[split], names, toy.accuracy) for split in ids}
    predictions = artifacts / "Predictions" / "predictions" / toy.run_id
    _write_predictions(predictions, toy, ids, classes, answers)
    _write_changed(predictions, toy, rng, ids["test"], classes["test"])
    baseline = predict(rng, classes["test"], names, toy.accuracy - 0.1) if toy.baseline else None
    compared = np.arange(len(ids["test"])) % 10 != 0
    blessing = artifacts / "Gate" / "blessing" / toy.run_id
    _write_baseline(blessing, toy, ids["test"], baseline, compared)
    tally = _tally(toy, ids["test"], classes["test"], answers["test"], baseline, compared)
    images = {split: len(found) for split, found in ids.items()}
    run = make_run(
        toy.run_id, toy.class_names, images, tally, toy.baseline, artifacts, **(toy.fields or {})
    )
    _write_history(root, run, tally)
    return run


def _tally(
    toy: ToyRun,
    ids: list[str],
    classes: np.ndarray,
    answers: np.ndarray,
    baseline: np.ndarray | None,
    compared: np.ndarray,
) -> Tally:
    tally = Tally(toy.class_names, top_k=2)
    slices = {"size": ["large" if i % 3 else "small" for i in range(len(ids))]}
    tally.add(Batch(ids, classes, answers, baseline, compared, slices))
    return tally


def _write_history(root: Path, run: Run, tally: Tally) -> None:
    history = History(root)
    folder = history.folder(run.run_id)
    folder.mkdir(parents=True)
    history.save(run)
    (folder / "metrics.json").write_text(json.dumps(tally.metrics()), encoding="utf-8")
    (folder / "augmented.jpg").write_bytes(_draw("roses", 0, 96))


def _source(split: str, index: int) -> str:
    return HOSTILE_FILES[index % len(HOSTILE_FILES)].format(f"{split}-{index}")


def _write_examples(folder: Path, toy: ToyRun) -> dict[str, list[str]]:
    """Writes the record files of all splits; returns the ids of the records by split."""
    ids: dict[str, list[str]] = {}
    names = list(toy.class_names)
    for split in ("train", "eval", "test"):
        path = folder / f"Split-{split}" / "data_tfrecord-00000-of-00001.gz"
        path.parent.mkdir(parents=True)
        ids[split] = []
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for index in range(toy.number(split)):
                class_id = index % len(names)
                flower = _FLOWERS[class_id % len(_FLOWERS)]
                record = encode_example(
                    _draw(flower, index % _DRAWINGS, toy.pixels), class_id, names,
                    (toy.pixels, toy.pixels), _source(split, index),
                )  # fmt: skip
                writer.write(record)
                ids[split].append(record_id(record))
    return ids


@functools.cache
def _draw(flower: str, number: int, pixels: int) -> bytes:
    stream = io.BytesIO()
    draw_flower(flower, random.Random(f"{number}"), pixels).save(stream, "JPEG", quality=80)
    return stream.getvalue()


def _write_predictions(
    folder: Path, toy: ToyRun, ids: Any, classes: Any, answers: Mapping[str, np.ndarray]
) -> None:
    names = list(toy.class_names)
    with table_writer(str(folder), PREDICTIONS_FILE, PREDICTIONS, names) as write:
        for split in ("test", "eval"):
            n = len(ids[split])
            write(
                {
                    "split": [split] * n,
                    "id": ids[split],
                    "hash": range(n),
                    "source": [_source(split, index) for index in range(n)],
                    "class": classes[split],
                    "probabilities": list(answers[split]),
                }
            )


def _write_changed(
    folder: Path, toy: ToyRun, rng: np.random.Generator, ids: Sequence[str], classes: np.ndarray
) -> None:
    if not toy.changes:
        return
    names = list(toy.class_names)
    with table_writer(str(folder), CHANGED_FILE, CHANGED, names) as write:
        for number, change in enumerate(toy.changes):
            answers = predict(rng, classes, len(names), toy.accuracy - 0.1 * number)
            columns = {"id": ids, "class": classes, "probabilities": list(answers)}
            write({"change": [change] * len(ids), **columns})


def _write_baseline(
    folder: Path, toy: ToyRun, ids: Sequence[str], rows: np.ndarray | None, compared: np.ndarray
) -> None:
    folder.mkdir(parents=True)
    if rows is not None:
        with baseline_writer(str(folder), list(toy.class_names)) as write:
            lists = [row if c else None for row, c in zip(rows, compared, strict=True)]
            write({"id": ids, "probabilities": lists})
