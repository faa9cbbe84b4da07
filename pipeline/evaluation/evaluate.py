"""Evaluates a model on labelled images, through the signature that is served."""

import csv
import datetime
import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.compute as pc

from components.artifacts import write_json
from components.example_gen.checks import RecordRules
from components.gate.batches import to_batch
from components.gate.metrics import Tally
from components.gate.verdict import METRICS_FILE
from components.image_hashes import read_seen
from components.predictions.classify import predict_changed, predict_split
from components.predictions.elsewhere import LeftOut, explain_unusable, write_extra
from components.predictions.served_model import BATCH_SIZE, ServedModel
from components.predictions.table import (
    CHANGED,
    CHANGED_FILE,
    EXTRA,
    PREDICTIONS,
    PREDICTIONS_FILE,
    iterate_predictions,
    table_writer,
)
from data.common.errors import DataRefused
from data.common.files import write_whole
from pipeline.evaluation.labelled_images import LabelledData
from pipeline.evaluation.model import EvaluatedModel
from pipeline.evaluation.page import write_page
from pipeline.evaluation.result import LEFT_OUT_FILE, Accuracy, Evaluation, judge
from pipeline.history.runs import History, new_folder
from pipeline.root_files import EVALUATION_FILE, EVALUATIONS_FOLDER

UNSEEN_METRICS_FILE = "metrics_unseen.json"
# In the folder of the run that trained the model: a line of JSON for each evaluation of it.
NOTES_FILE = "evaluations.jsonl"

_TOP_K = 5


class Evaluated(NamedTuple):
    """A finished evaluation.

    Attributes:
      result: The result.
      folder: The folder that has it.
      problem: Why its report is missing; empty if it is there.
    """

    result: Evaluation
    folder: Path
    problem: str


def evaluate(
    root: Path,
    data: LabelledData,
    chosen: EvaluatedModel,
    target: float | None = None,
    robustness: bool = True,
) -> Evaluated:
    """Evaluates a model, and writes the result to a new folder under the root.

    Args:
      root: The root of the model.
      data: The images.
      chosen: The model.
      target: The accuracy that must be reached; None for any.
      robustness: Whether changed images are classified, too.

    Raises:
      DataRefused: No image can be used.
    """
    started, now = time.perf_counter(), datetime.datetime.now(datetime.UTC)
    folder = new_folder(root / EVALUATIONS_FOLDER, now)
    try:
        with tempfile.TemporaryDirectory(dir=folder) as examples:
            class_names, left_out = _classify(data, chosen, folder, examples, robustness)
            everything, unseen = _write_metrics(folder, class_names)
            _write_left_out(left_out, folder / LEFT_OUT_FILE)
            result = Evaluation(
                evaluation_id=folder.name,
                started=now.isoformat(timespec="seconds"),
                seconds=round(time.perf_counter() - started, 3),
                data=data.location,
                version=chosen.version,
                run_id=chosen.run.run_id if chosen.run else None,
                digest=chosen.digest,
                class_names=class_names,
                all=everything,
                unseen=unseen,
                left_out=dict(Counter(item.reason for item in left_out).most_common()),
                target=target,
                passed=judge(unseen or everything, target),
            )
            problem = write_page(result, str(chosen), folder, Path(examples))
        _save(root, result, folder)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return Evaluated(result, folder, problem)


def _classify(
    data: LabelledData, chosen: EvaluatedModel, folder: Path, examples: str, robustness: bool
) -> tuple[list[str], list[LeftOut]]:
    """Writes the images to `examples`, and the answers of the model for them to `folder`.

    Returns:
      The classes of the model, and what is left out.
    """
    model, seen = ServedModel(chosen.path), read_seen(chosen.path)
    rules = RecordRules(model.class_names, chosen.max_pixels, data.features)
    written, left_out = write_extra(data.records, rules, examples)
    left_out = [*data.left_out, *left_out]
    if not written:
        raise DataRefused("\n".join(explain_unusable(data.location, left_out)))
    with table_writer(str(folder), PREDICTIONS_FILE, PREDICTIONS, model.class_names) as write:
        ids = predict_split(examples, EXTRA, model, write, written, seen)
    if robustness:
        with table_writer(str(folder), CHANGED_FILE, CHANGED, model.class_names) as write:
            predict_changed(examples, EXTRA, ids, model, write)
    return model.class_names, left_out


def _write_metrics(folder: Path, class_names: Sequence[str]) -> tuple[Accuracy, Accuracy | None]:
    """Writes the metrics on all images and on those that the model has not seen, if known.

    Returns:
      The two accuracies.
    """
    everything, unseen = Tally(class_names, _TOP_K), Tally(class_names, _TOP_K)
    known = True
    for rows in iterate_predictions(str(folder), EXTRA, BATCH_SIZE):
        everything.add(to_batch(rows))
        known = known and not rows["seen"].null_count
        new = rows.filter(pc.invert(rows["seen"]))
        if new.num_rows:
            unseen.add(to_batch(new))
    write_json(everything.metrics(), str(folder), METRICS_FILE)
    if known:
        write_json(unseen.metrics(), str(folder), UNSEEN_METRICS_FILE)
    return _accuracy(everything), _accuracy(unseen) if known else None


def _accuracy(tally: Tally) -> Accuracy:
    return Accuracy.of(tally.correct, tally.examples)


def _write_left_out(left_out: Sequence[LeftOut], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([LeftOut._fields, *left_out])


def _save(root: Path, result: Evaluation, folder: Path) -> None:
    """Writes the result, and a note to the history of the run that trained the model."""
    write_whole(folder / EVALUATION_FILE, result.model_dump_json(indent=2) + "\n")
    history = History(root).folder(result.run_id) if result.run_id else None
    if history and history.is_dir():
        with (history / NOTES_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(result.model_dump(exclude={"class_names"})) + "\n")
