"""The model to evaluate: a version or the model of a run, and what the history knows about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.artifacts import SERVING_FORMAT
from components.model_store.base import ServedVersion, model_digest
from components.model_store.local import LocalStore
from data.common.errors import UsageError
from data.common.formatting import format_list, shell_word
from data.features import feature_names
from data.images.limits import MAX_PIXELS
from pipeline.history.run import Run
from pipeline.history.runs import History
from pipeline.registry.versions import run_of
from pipeline.root_files import SERVING_FOLDER, find_artifact


@dataclass(frozen=True)
class EvaluatedModel:
    """An exported model.

    Attributes:
      path: The folder of its SavedModel.
      digest: The digest of its files.
      version: Its version; None if it was chosen by its run.
      run: The run that trained it; None if that is not in the history.
    """

    path: str
    digest: str
    version: int | None
    run: Run | None

    def __str__(self) -> str:
        """Returns the version or the run, as a user would name it."""
        return f"version {self.version}" if self.version else f"the model of run {self._run_id}"

    @property
    def features(self) -> dict[str, str]:
        """The names of the features in records like those that it was trained on."""
        return feature_names(self._setting("data.features") or {})

    @property
    def max_pixels(self) -> int:
        """The maximum number of pixels of an image."""
        return int(self._setting("data.max_pixels") or MAX_PIXELS)

    @property
    def _run_id(self) -> str:
        return self.run.run_id if self.run else "unknown"

    def _setting(self, key: str) -> Any:
        return self.run.setting(key) if self.run else None


def find_model(root: Path, version: int | None = None, run_id: str | None = None) -> EvaluatedModel:
    """Returns the model of a version or of a run; by default the version that serves.

    Raises:
      UsageError: There is no such model.
    """
    if version is not None and run_id is not None:
        raise UsageError("--version and --run exclude each other; give one of them")
    return _of_run(root, run_id) if run_id else _of_version(root, version)


def _of_run(root: Path, run_id: str) -> EvaluatedModel:
    run = History(root).find(run_id, lambda run: bool(run.model_uri), "with a trained model")
    path = find_artifact(root, f"{run.model_uri}/{SERVING_FORMAT}")
    if path is None:
        raise UsageError(
            f"--run: the model of run {run_id}, {run.model_uri}, is gone; `flowers clean` removes "
            "the artifacts of old runs"
        )
    return EvaluatedModel(str(path), model_digest(path), None, run)


def _of_version(root: Path, version: int | None) -> EvaluatedModel:
    store = LocalStore(root / SERVING_FOLDER)
    if version is None:
        version = store.newest_version()
        if not version:
            command = f"flowers run --root {shell_word(str(root))}"
            raise UsageError(f"--root: no model was pushed to {root}; {command} trains one")
    known = {served.version: served for served in (*store.served(), *store.withdrawn())}
    if version not in known:
        listed = format_list([str(number) for number in sorted(known)]) or "none"
        raise UsageError(f"--version: {root} has no version {version}; there are: {listed}")
    return _with_run(root, known[version])


def _with_run(root: Path, served: ServedVersion) -> EvaluatedModel:
    run = run_of(History(root).runs(), served.version, served.digest)
    return EvaluatedModel(served.path, served.digest, served.version, run)
