"""What a report is made from: a run, its folder in the history, and its artifacts."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.gate.baseline_table import read_baseline
from components.gate.verdict import METRICS_FILE
from components.predictions.table import read_changed, read_class_names, read_predictions
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.report_page.thumbnails import Thumbnails
from pipeline.reporting.next_steps import NextStep, next_steps
from pipeline.root_files import ARTIFACTS_FOLDER, find_artifact

_OLD_RUN = (
    "this run was made by an earlier version of flowers, which did not record where the outputs of "
    "its steps are"
)


@dataclass(frozen=True)
class Predictions:
    """The predictions for the images of a split, in the order of the record files.

    Attributes:
      split: The split.
      ids: The id of each record, see `components.predictions`.
      sources: The path of the image file that each record names; empty if it names none.
      hashes: The difference hash of each image, uint64 [n].
      classes: The true class ids, int64 [n].
      probabilities: float32 [n, classes].
    """

    split: str
    ids: list[str]
    sources: list[str]
    hashes: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        """Returns the number of images."""
        return len(self.ids)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The class ids with the highest probability, int64 [n]."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def correct(self) -> np.ndarray:
        """Whether each image is classified correctly, bool [n]."""
        return self.predicted == self.classes

    @cached_property
    def confidences(self) -> np.ndarray:
        """The probability of the predicted class, float32 [n]."""
        return self.probabilities.max(axis=1)

    @cached_property
    def of_true_class(self) -> np.ndarray:
        """The probability of the true class, float32 [n]."""
        return self.probabilities[np.arange(len(self)), self.classes]


@dataclass(frozen=True)
class Publication:
    """Where a report is shown, if that is not where it is made.

    Attributes:
      folder: The folder of the run in the history; an absolute path or a URL.
      next_steps: What to look at and to do after the run.
    """

    folder: str
    next_steps: Sequence[NextStep]


class ReportSources:
    """A run and everything that its report shows; what is costly is read at its first use.

    Attributes:
      kind: What the page calls the images that the model is judged on.
      suspect_splits: The splits whose labels are compared with the answers of the model.
      robustness_off: The option without which images are also classified after changes.
    """

    kind = "test images"
    suspect_splits: Sequence[str] = ("eval", "test")
    robustness_off = "predictions.robustness=false"

    def __init__(self, root: Path, run: Run, publication: Publication | None = None):
        """Takes the root, the run, and where its report is shown; None for the root."""
        self.root = root
        self.run = run
        self._publication = publication
        self.folder = History(root).folder(run.run_id)
        self.thumbnails = Thumbnails(self.artifact("ExampleGen", "examples"))

    @property
    def shown_folder(self) -> str:
        """The folder of the report as people know it: an absolute path or a URL."""
        return self._publication.folder if self._publication else os.path.abspath(self.folder)

    @property
    def next_steps(self) -> Sequence[NextStep]:
        """What to look at and to do after the run."""
        if self._publication:
            return self._publication.next_steps
        curves = self.root / ARTIFACTS_FOLDER / "Trainer" / "model_run"
        return next_steps(self.run, self.root, curves)

    def artifact(self, step: str, key: str) -> Path | None:
        """Returns the folder of an output of a step; None if it is unknown or was removed."""
        return self.local(self.run.artifacts.get(step, {}).get(key, ""))

    def local(self, uri: str) -> Path | None:
        """Returns the folder of an artifact of this root; None if it is unknown or was removed."""
        return find_artifact(self.root, uri)

    def why_missing(self, step: str, key: str) -> str:
        """Returns in a clause why an output of a step does not exist, as `artifact` found."""
        if key in self.run.artifacts.get(step, {}):
            return (
                f"the files of the step {step} are gone; `flowers clean` removes those of old runs"
            )
        state = next((found.state for found in self.run.steps if found.name == step), None)
        # Earlier versions of flowers judged models with fewer steps.
        if state in ("done", "cached") or (state is None and self.run.verdict):
            return _OLD_RUN
        return f"the step {step} did not finish in this run"

    @cached_property
    def class_names(self) -> list[str]:
        """The classes in the order of their ids; empty if they are not known."""
        folder = self._tables("Predictions", "predictions")
        return read_class_names(folder) if folder else self.run.class_names

    def predictions(self, split: str) -> Predictions | None:
        """Returns the predictions for a split, `test` or `eval`; None if there is no table."""
        if self._predictions is None:
            return None
        rows = self._predictions.filter(pc.equal(self._predictions["split"], split))
        hashes, sources = rows["hash"].to_numpy(), rows["source"].to_pylist()
        return self._as_predictions(split, rows, hashes, sources)

    @cached_property
    def test(self) -> Predictions | None:
        """The predictions for the test images; None if there is no table."""
        return self.predictions("test")

    @cached_property
    def changed(self) -> dict[str, Predictions]:
        """The predictions for changed test images by the name of the change; without sources."""
        folder = self._tables("Predictions", "predictions")
        table = read_changed(folder) if folder else None
        if table is None:
            return {}
        by_change = {
            name: table.filter(pc.equal(table["change"], name))
            for name in table["change"].unique().to_pylist()
        }
        return {
            name: self._as_predictions("test", rows, np.zeros(0, np.uint64), [])
            for name, rows in by_change.items()
        }

    @cached_property
    def baseline(self) -> np.ndarray | None:
        """The baseline's probabilities for the test images, float32 [n, classes].

        Rows of NaN are those of images on which it was not compared; None without a baseline.
        """
        folder = self._tables("Gate", "blessing")
        table = read_baseline(folder) if folder else None
        if table is None:
            return None
        column = table["probabilities"].combine_chunks()
        matrix = np.full([len(column), len(self.class_names)], np.nan, np.float32)
        matrix[column.is_valid().to_numpy(zero_copy_only=False)] = self._as_matrix(column)
        return matrix

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """The gate's metrics, see `components.gate.metrics.Tally.metrics`; None before the gate."""
        file = self.folder / METRICS_FILE
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    @cached_property
    def _predictions(self) -> pa.Table | None:
        folder = self._tables("Predictions", "predictions")
        return read_predictions(folder) if folder else None

    def _tables(self, step: str, key: str) -> str:
        """Returns the folder of an output with tables; empty if there is none any more."""
        return str(self.artifact(step, key) or "")

    def _as_predictions(
        self, split: str, rows: pa.Table, hashes: np.ndarray, sources: list[str]
    ) -> Predictions:
        matrix = self._as_matrix(rows["probabilities"].combine_chunks())
        ids, classes = rows["id"].to_pylist(), rows["class"].to_numpy()
        return Predictions(split, ids, sources, hashes, classes, matrix)

    def _as_matrix(self, column: pa.Array) -> np.ndarray:
        """Returns the rows of a column that are not null as float32 [n, classes]."""
        values = column.drop_null().flatten().to_numpy(zero_copy_only=False)
        return values.reshape(-1, len(self.class_names))
