"""Data as ExampleGen leaves it, made by its executor from records with every kind of problem."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types.standard_artifacts import Examples

from components.artifacts import read_counts
from components.data_gate.report import DataReport, Drift, write_report
from components.example_gen.component import ImageExampleGen
from components.example_gen.executor import Executor
from data.records import encode_example
from data.synthetic import draw_flower
from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.settings.beam import BeamSettings, local_beam_args
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS

CLASSES = ["daisy", "<script>alert(1)</script>", "🌷 \"tulip\" & 'co'"]
FLOWERS = ("daisy", "roses", "tulips")
HOSTILE_FILE = "<img src=x onerror=alert(1)>/\"{}'.jpg"


def _encode(image: Image.Image, format_: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def _record(class_id: int, image: bytes, file: str) -> bytes:
    return encode_example(image, class_id, CLASSES, (48, 48), HOSTILE_FILE.format(file))


def write_records(folder: Path, images: int = 60, bright: int = 0) -> None:
    """Writes flowers of three classes with near-duplicates, and five records that are set aside.

    Args:
      folder: The folder of the records.
      images: The number of flowers.
      bright: What is added to each value of a pixel.
    """
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "toy-1.tfrec")) as writer:
        for index in range(images):
            rng = random.Random(index)
            image = draw_flower(FLOWERS[index % 3], rng, 48 + index)
            values = np.clip(np.asarray(image).astype(int) + bright, 0, 255).astype(np.uint8)
            image = Image.fromarray(values)
            writer.write(_record(index % 3, _encode(image, quality=95), f"{index}"))
            # Some of the copies have another hash.
            copy = image.crop((2, 0, *image.size))
            writer.write(_record(index % 3, _encode(copy, quality=30), f"{index} copy"))
        same = _encode(draw_flower("daisy", random.Random(-1), 48))
        for bad in (
            b"\xff\xff\xff no record",
            _record(1, b"no image", "text"),
            _record(1, _encode(image, "WEBP"), "webp"),
            _record(0, same, "conflict 0"),
            _record(1, same, "conflict 1"),
            _record(2, same[:-200], "truncated"),
        ):
            writer.write(bad)


def run_example_gen(records: Path, artifacts: Path, execution: str) -> dict[str, str]:
    """Runs ExampleGen's executor; returns the URIs of its outputs."""
    component = ImageExampleGen(
        str(records), ["*.tfrec"], {"train": 3, "eval": 1, "test": 1}, False, CLASSES, {},
        split_salt="", max_pixels=1_000_000, broken_file="refuse", data_fingerprint="",
        code_fingerprint="",
    )  # fmt: skip
    outputs = {key: [Examples()] for key in ("examples", "quarantine")}
    for key, (artifact,) in outputs.items():
        artifact.uri = str(artifacts / "ExampleGen" / key / execution)
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=local_beam_args(BeamSettings()), pipeline_run_id=execution
    )
    Executor(context).Do({}, outputs, component.exec_properties)
    return {key: artifact.uri for key, (artifact,) in outputs.items()}


def write_data_run(root: Path, outputs: dict[str, str], run_id: str, **fields: Any) -> Run:
    """Writes a run that read data; `fields` are further or other fields of it."""
    counts = read_counts(outputs["quarantine"])
    report = root / "artifacts" / "DataGate" / "report" / run_id
    drift = Drift(["brightness: median 0.9, previously 0.5 (drift 0.40, allowed 0.15)"])
    write_report(DataReport([], drift, ["classes are <b>balanced</b>"]), str(report))
    names = list(STEPS)
    run = Run(**{
        "run_id": run_id, "pipeline_run_id": run_id, "state": "stopped", "model": "squeezenet",
        "started": "2026-11-27T12:00:00+00:00", "config": "quickstart",
        "settings": Settings().model_dump(mode="json"), "class_names": CLASSES,
        "classes": counts.splits, "quarantine": outputs["quarantine"],
        "examples": {**counts.by_split(), "quarantined": counts.bad},
        "steps": [Step(name=n, state="done" if i < 5 else "skipped") for i, n in enumerate(names)],
        "artifacts": {"ExampleGen": outputs, "DataGate": {"report": str(report)}},
        **fields,
    })  # fmt: skip
    History(root).folder(run_id).mkdir(parents=True)
    History(root).save(run)
    return run
