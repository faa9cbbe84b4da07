"""What to do after a run: the same commands for the console and for the report of a run."""

import sys
from pathlib import Path
from typing import NamedTuple

from components.lite.result import LITE_FILE
from components.model_store.exports import EXPORTS
from components.tuner.trials import FOUND_FILE
from data.common.formatting import shell_word
from pipeline.history.run import Run
from pipeline.history.runs import LOG_FILE, History
from pipeline.reporting.lines import display_path
from pipeline.root_files import SERVING_FOLDER


class NextStep(NamedTuple):
    """What to look at, or a command that can be pasted into a shell; a sentence has no label."""

    label: str
    text: str


def next_steps(run: Run, root: Path, curves: Path, program: str | None = None) -> list[NextStep]:
    """Returns what to look at and to do after a run, in this order.

    Args:
      run: The run, which has ended.
      root: Its root.
      curves: The folder of TensorBoard's logs.
      program: The command of this program; None for the one that is running.
    """
    program = program or display_path(sys.argv[0])
    command, folder = shell_word(program), shell_word(display_path(root))
    board = shell_word(str(Path(program).with_name("tensorboard")))
    after = {
        "pushed": _after_verdict(run, root, command, folder),
        "refused": _after_verdict(run, root, command, folder),
        "data refused": _after_data_refusal(run, command, folder),
        "failed": _after_stop(run, root, "The same command resumes after the steps that finished."),
        "interrupted": _after_stop(run, root, "The same command continues the run."),
        "stopped": _after_search(run, command, folder)
        if run.search
        else [NextStep("", _continuation(run))],
    }.get(run.state, [])
    watch = [NextStep("Curves", f"{board} --logdir {shell_word(display_path(curves))}")]
    runs = NextStep("All runs", f"{command} runs --root {folder}")
    return [*after, *(watch if run.state in ("pushed", "refused") else []), runs]


def _after_verdict(run: Run, root: Path, command: str, folder: str) -> list[NextStep]:
    if run.version:
        steps = [
            NextStep("Served", display_path(root / SERVING_FOLDER / str(run.version))),
            NextStep("Try it", f"{command} predict --root {folder} IMAGE..."),
        ]
        if run.lite and run.lite.digest:
            file = shell_word(display_path(root / EXPORTS / str(run.version) / LITE_FILE))
            steps.append(NextStep("TFLite", f"{command} predict --tflite {file} IMAGE..."))
        return steps
    if run.withdrawn:
        this = "This" if run.pushed or run.promoted else "Nothing was pushed: this"
        return [
            NextStep(
                "",
                f"{this} model was version {run.withdrawn}, which was withdrawn. "
                f"`{command} promote {run.run_id} --root {folder}` would push it.",
            )
        ]
    return [
        NextStep("", "Nothing was pushed."),
        NextStep("Reasons", f"{command} gate explain --root {folder}"),
    ]


def _continuation(run: Run) -> str:
    if not run.seeds:
        return "Without --until the run continues."
    seed = run.setting("trainer.seed")
    return (
        f"With --set trainer.seed={seed} instead of --seeds, the run continues, and pushes the "
        "model if it passes."
    )


def _after_search(run: Run, command: str, folder: str) -> list[NextStep]:
    """Returns the config of the best trial, and the command that trains with it."""
    assert run.search is not None
    config = display_path(Path(run.search.folder) / FOUND_FILE)
    return [
        NextStep("Config", config),
        NextStep("Train it", f"{command} run --config {shell_word(config)} --root {folder}"),
    ]


def _after_data_refusal(run: Run, command: str, folder: str) -> list[NextStep]:
    if not run.examples.get("quarantined"):
        return []
    return [NextStep("Bad records", f"{command} data quarantine {run.run_id} --root {folder}")]


def _after_stop(run: Run, root: Path, advice: str) -> list[NextStep]:
    log = History(root).folder(run.run_id) / LOG_FILE
    return [NextStep("Full log", display_path(log)), NextStep("", advice)]
