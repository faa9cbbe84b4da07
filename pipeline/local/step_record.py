"""Records what a finished step found, in its run and as files in the run's folder of the history.

Runs on this machine and reports of jobs on Vertex AI share it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from components.artifacts import file_exists, read_bytes
from components.trainer.training_report import AUGMENTED_FILE
from pipeline.history.run import Run
from pipeline.history.runs import PLOT_FILE
from pipeline.steps import summarize

if TYPE_CHECKING:
    from tfx.types import Artifact


class StepRecord(NamedTuple):
    """What the console says about a finished step, apart from its summary.

    Attributes:
      details: Further lines, which are of interest unless the step was cached.
      missing: Lines on pictures that could not be drawn.
    """

    details: Sequence[str]
    missing: Sequence[str]


def record_step(
    run: Run, name: str, outputs: "Mapping[str, Sequence[Artifact]]", folder: Path
) -> StepRecord:
    """Records the summary and the outputs of a step in a run, and writes its files.

    Args:
      run: The run.
      name: The name of the step.
      outputs: Its artifacts by key.
      folder: The folder of the run in the history.
    """
    run.artifacts[name] = {key: str(found[0].uri) for key, found in outputs.items() if found}
    summary = summarize(name, outputs, run)
    if summary:
        for field, value in summary.values.items():
            setattr(run, field, value)
        run.step(name).found = summary.text
    missing: Sequence[str] = ()
    if name == "Trainer":
        missing = _draw_training(run, folder)
        _copy_augmented(run.artifacts[name].get("model_run", ""), folder)
    elif name == "Gate":
        missing = _write_evaluation(outputs, folder)
    elif name == "ServingCheck":
        apply_serving_check(run)
    return StepRecord(summary.details if summary else (), missing)


def apply_serving_check(run: Run) -> None:
    """Combines the verdicts of the gate and the serving check: both must pass."""
    from components.gate.verdict import with_serving_check
    from components.serving_check.result import format_serving_check

    result = run.serving_check
    if run.verdict and result:
        text = format_serving_check(result)
        run.verdict = with_serving_check(run.verdict, result.passed, result.problems, text)


def _draw_training(run: Run, folder: Path) -> list[str]:
    from pipeline.reporting.plots import draw_training

    problem = draw_training(run.training, folder / PLOT_FILE) if run.training else ""
    return [problem] if problem else []


def _copy_augmented(model_run: str, folder: Path) -> None:
    """Copies the picture of augmented images; the models of earlier versions have none."""
    if model_run and file_exists(model_run, AUGMENTED_FILE):
        (folder / AUGMENTED_FILE).write_bytes(read_bytes(model_run, AUGMENTED_FILE))


def _write_evaluation(outputs: "Mapping[str, Sequence[Artifact]]", folder: Path) -> list[str]:
    # It imports TFX, which whoever has the outputs has loaded already.
    from components.gate.verdict import read_metrics
    from pipeline.reporting.evaluation_files import write_evaluation

    return write_evaluation(read_metrics(outputs["blessing"][0].uri), folder)
