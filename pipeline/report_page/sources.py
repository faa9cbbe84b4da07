"""What a report is made from: a run, its folder in the history, and its artifacts."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from components.gate.verdict import METRICS_FILE
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.report_page.thumbnails import Thumbnails
from pipeline.root_files import ARTIFACTS_FOLDER

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


class ReportSources:
    """A run and everything that its report shows; what is costly is read at its first use."""

    def __init__(self, root: Path, run: Run):
        """Takes the root and the run."""
        self.root = root
        self.run = run
        self.folder = History(root).folder(run.run_id)
        self.thumbnails = Thumbnails(self.artifact("ExampleGen", "examples"))

    def artifact(self, step: str, key: str) -> Path | None:
        """Returns the folder of an output of a step; None if it is unknown or was removed."""
        uri = self.run.artifacts.get(step, {}).get(key, "")
        # A root may have been moved, or is mounted at another path in a container.
        moved = self.root / ARTIFACTS_FOLDER / uri.rpartition(f"/{ARTIFACTS_FOLDER}/")[2]
        return next((path for path in (Path(uri), moved) if uri and path.is_dir()), None)

    def why_missing(self, step: str, key: str) -> str:
        """Returns in a clause why an output of a step does not exist, as `artifact` found."""
        if key in self.run.artifacts.get(step, {}):
            return (
                f"the files of the step {step} are gone; `flowers clean` removes those of old runs"
            )
        state = next((s.state for s in self.run.steps if s.name == step), "skipped")
        if state in ("done", "cached"):
            return _OLD_RUN
        return f"the step {step} did not finish in this run"

    @cached_property
    def class_names(self) -> list[str]:
        """The classes in the order of their ids; empty if they are not known."""
        if self._predictions is None:
            return self.run.class_names
        return list(json.loads(self._predictions.schema.metadata[b"class_names"]))

    def predictions(self, split: str) -> Predictions | None:
        """Returns the predictions for a split, `test` or `eval`; None if there is no table."""
        if self._predictions is None:
            return None
        table = self._predictions
        rows = table.filter(pa.compute.equal(table["split"], split))
        return Predictions(
            split,
            rows["id"].to_pylist(),
            rows["source"].to_pylist(),
            rows["hash"].to_numpy(),
            rows["class"].to_numpy(),
            self._as_matrix(rows["probabilities"]),
        )

    @cached_property
    def test(self) -> Predictions | None:
        """The predictions for the test images; None if there is no table."""
        return self.predictions("test")

    @cached_property
    def baseline(self) -> np.ndarray | None:
        """The baseline's probabilities for the test images, float32 [n, classes].

        Rows of NaN are those of images on which it was not compared; None without a baseline.
        """
        file = self._file("Gate", "blessing", "baseline.parquet")
        if file is None:
            return None
        column = pq.read_table(file)["probabilities"].combine_chunks()
        compared = column.is_valid().to_numpy(zero_copy_only=False)
        matrix = np.full([len(column), len(self.class_names)], np.nan, np.float32)
        matrix[compared] = self._as_matrix(column.drop_null())
        return matrix

    @cached_property
    def changed(self) -> dict[str, Predictions]:
        """The predictions for changed test images, by the name of the change."""
        file = self._file("Predictions", "predictions", "changed.parquet")
        if file is None:
            return {}
        table, found = pq.read_table(file), {}
        for name in dict.fromkeys(table["change"].to_pylist()):
            rows = table.filter(pa.compute.equal(table["change"], name))
            ids, n = rows["id"].to_pylist(), rows.num_rows
            matrix = self._as_matrix(rows["probabilities"])
            found[name] = Predictions(
                "test", ids, [""] * n, np.zeros(n, np.uint64), rows["class"].to_numpy(), matrix
            )
        return found

    @cached_property
    def metrics(self) -> dict[str, Any] | None:
        """The gate's metrics, see `components.gate.metrics.Tally.metrics`; None before the gate."""
        file = self.folder / METRICS_FILE
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    @cached_property
    def _predictions(self) -> pa.Table | None:
        file = self._file("Predictions", "predictions", "predictions.parquet")
        return pq.read_table(file) if file else None

    def _file(self, step: str, key: str, name: str) -> Path | None:
        folder = self.artifact(step, key)
        return folder / name if folder and (folder / name).exists() else None

    def _as_matrix(self, column: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Returns a column of lists, one number for each class, as float32 [n, classes]."""
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        values = column.flatten().to_numpy(zero_copy_only=False)
        return values.reshape(len(column), len(self.class_names)).astype(np.float32)
