"""A run of the pipeline, as the history records it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from components.gate.verdict import Verdict
from components.lite.result import LiteResult
from components.serving_check.result import ServingCheckResult
from components.trainer.settings import WarmStart
from components.trainer.training_report import TrainingReport
from components.tuner.trials import Search
from data.common.errors import ErrorKind
from pipeline.history.migration import FORMAT_VERSION

# The width of a column of step names.
STEP_WIDTH = 17

StepState = Literal["waiting", "running", "done", "cached", "failed", "skipped", "interrupted"]

RunState = Literal[
    "running", "pushed", "refused", "data refused", "stopped", "failed", "interrupted", "skipped"
]


class Step(BaseModel):
    """A step of a run.

    Attributes:
      name: The name of the step.
      state: Its state.
      seconds: The seconds that it took.
      why: Why it ran; empty if it was cached.
      found: What it found, in one line.
    """

    name: str
    state: StepState = "waiting"
    seconds: float = 0.0
    why: str = ""
    found: str = ""


class Run(BaseModel):
    """A run, as `flowers runs --json` prints it.

    Attributes:
      format_version: The version of this format.
      run_id: The start in UTC to the second, with a number if that id was taken.
      pipeline_run_id: The id in ML Metadata.
      started: The start, ISO 8601 with time zone.
      seconds: The seconds from the start to the end, or to the last step that ended.
      state: How the run ended; `running` if the process died; `skipped` if a scheduled run found
        nothing to do.
      config: The value of `--config`.
      seeds: The value of `--seeds` if the run is that of one of several seeds. Such a run ends
        after the gate and pushes nothing. Empty for other runs.
      settings: All settings.
      inputs: Everything that the run depends on, see `pipeline.local.run_inputs`.
      model: The name of the network.
      examples: Examples by split, and `quarantined`.
      files: The record files, relative to their folder.
      records_location: Where the records are.
      records_fingerprint: The fingerprint of their content; empty if it was not known.
      spans: The names of the spans that were read; empty if the data has no spans.
      newest_span: The number of the newest of them, or null.
      class_names: The classes, in the order of their ids.
      classes_from: Where the class names come from.
      classes: Examples by split and class name.
      drift: How the newest span differs from the previous one, where that exceeds the limits.
      span_before: The quarantine of the run that read the previous span; empty if there is none.
      quarantine: The folder of the quarantined records, or null.
      steps: The steps.
      artifacts: The URIs of the outputs of each finished step, by step and key of the output.
      model_uri: The Trainer's artifact, or null.
      baseline: The version that the gate compared the model with; 0 if none was served.
      warm_start: The model whose weights the training started from; null for a cold start.
      verdict: The gate's verdict; null before the gate.
      serving_check: The result of the serving check; null before it.
      training: The training report; null before the end of the training.
      robustness: The accuracy on changed test images by the name of the change; empty if
        `predictions.robustness` is off, and for runs of earlier versions.
      search: The trials of `flowers tune`; null for other runs, and before the end of a search.
      pushed: The version that holds this run's model, or null.
      withdrawn: The version that held it until it was withdrawn, or null.
      promoted: The version as which it was promoted, or null.
      reason: The reason given for the promotion, or null.
      digest: The digest of that version's files, or null.
      error: Why the run failed or was skipped, or null.
      error_kind: The kind of the error, see `data.common.errors`; null if the run did not fail.
    """

    # Without it, a loss that is not a number would be written as null, which is no number to read.
    model_config = ConfigDict(ser_json_inf_nan="strings")

    format_version: int = FORMAT_VERSION
    run_id: str
    pipeline_run_id: str = ""
    started: str
    seconds: float = 0.0
    state: RunState
    config: str
    seeds: str = ""
    settings: dict[str, JsonValue]
    inputs: dict[str, JsonValue] = {}
    model: str
    examples: dict[str, int] = {}
    files: list[str] = []
    records_location: str = ""
    records_fingerprint: str = ""
    spans: list[str] = []
    newest_span: int | None = None
    class_names: list[str] = []
    classes_from: str = ""
    classes: dict[str, dict[str, int]] = {}
    drift: list[str] = []
    span_before: str = ""
    quarantine: str | None = None
    steps: list[Step] = []
    artifacts: dict[str, dict[str, str]] = {}
    model_uri: str | None = None
    baseline: int = 0
    warm_start: WarmStart | None = None
    verdict: Verdict | None = None
    serving_check: ServingCheckResult | None = None
    training: TrainingReport | None = None
    robustness: dict[str, float] = {}
    search: Search | None = None
    pushed: int | None = None
    withdrawn: int | None = None
    promoted: int | None = None
    reason: str | None = None
    digest: str | None = None
    error: str | None = None
    error_kind: ErrorKind | None = None

    @property
    def finished(self) -> bool:
        """Whether the run reached a verdict, on the model or on the data."""
        return self.state in ("pushed", "refused", "data refused")

    @property
    def data_accepted(self) -> bool:
        """Whether the data passed the data gate, so that later runs keep its classes."""
        gate = next((step for step in self.steps if step.name == "DataGate"), None)
        return bool(gate and gate.state in ("done", "cached") and self.class_names)

    @property
    def versions(self) -> set[int]:
        """The versions that hold or held the run's model."""
        return {v for v in (self.pushed, self.withdrawn, self.promoted) if v}

    @property
    def version(self) -> int | None:
        """The version that holds the run's model; None if there is none or it was withdrawn."""
        newest = self.promoted or self.pushed
        return None if newest == self.withdrawn else newest

    @property
    def lite(self) -> LiteResult | None:
        """The result of the TensorFlow Lite file; None if none was asked for."""
        return self.serving_check.lite if self.serving_check else None

    @property
    def seed_note(self) -> str:
        """Which of several seeds the run is for, such as `seed 1 of 0..2`; empty for others."""
        return f"seed {self.setting('trainer.seed')} of {self.seeds}" if self.seeds else ""

    @property
    def search_note(self) -> str:
        """What a search found, such as `search, best eval accuracy 0.950`; empty for other runs."""
        if all(step.name != "Tuner" for step in self.steps):
            return ""
        best = self.search.best if self.search else None
        return f"search, best eval accuracy {best.eval_accuracy:.3f}" if best else "search"

    @property
    def shown_state(self) -> str:
        """The state as people read it: a search that has ended is `tuned`."""
        return "tuned" if self.search and self.state == "stopped" else self.state

    @property
    def error_line(self) -> str:
        """The first line of the error; empty if there is none."""
        # A first line that ends with a colon needs the second one.
        return (self.error or "").replace(":\n", ": ").partition("\n")[0]

    def setting(self, key: str) -> Any:
        """Returns a setting by its dotted key; None if the run's version did not have it."""
        value: Any = self.settings
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def has_digest(self, digest: str) -> bool:
        """Returns whether the run's model has a digest; True if an old run did not record it."""
        return digest in (self.digest, self.verdict.digest if self.verdict else digest)

    def step(self, name: str) -> Step:
        """Returns a step by name.

        Raises:
          KeyError: The run has no such step.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def stop_steps(self, state: StepState) -> None:
        """Sets the final state of the running step, and marks the waiting steps as skipped."""
        for step in self.steps:
            if step.state == "running":
                step.state = state
            elif step.state == "waiting":
                step.state = "skipped"

    def format_line(self) -> str:
        """Returns the line that `flowers runs` prints."""
        accuracy = f"{self.verdict.metric} {self.verdict.value:.3f}" if self.verdict else ""
        start = f"{self.run_id:<18} {self.shown_state:<12} {self.seconds:5.0f} s  {self.config:<12}"
        notes = [self.seed_note, self.search_note, self._format_versions(), self.error_line]
        outcome = "; ".join(filter(None, notes))
        return f"{start} {self.model:<12} {accuracy:<15} {outcome}".rstrip()

    def _format_versions(self) -> str:
        """Returns the versions of the model, and how people changed which one serves."""
        pushed = f"version {self.pushed}" if self.pushed else ""
        promoted = f"promoted as version {self.promoted}: {self.reason}" if self.promoted else ""
        withdrawn = f"version {self.withdrawn} was withdrawn" if self.withdrawn else ""
        return "; ".join(filter(None, [pushed, promoted, withdrawn]))
