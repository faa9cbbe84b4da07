import io
import logging

import pytest
from rich.console import Console as RichConsole

from components.tuner.trials import Search, Trial
from data.common.progress import progress
from pipeline.history.run import Run, Step
from pipeline.history.runs import History
from pipeline.reporting.console import Console
from pipeline.reporting.report import Report
from pipeline.reporting.trials_table import TrialsTable

PEAK, BATCH = "trainer.learning_rate.peak", "trainer.batch_size"


def trial(number, state="done", accuracies=(0.5,), **fields):
    best = accuracies.index(max(accuracies)) + 1 if accuracies else 0
    return Trial(
        number=number, values={PEAK: number / 1000, BATCH: 16}, state=state, epochs=4,
        accuracies=list(accuracies), losses=[1.0] * len(accuracies), best_epoch=best, seconds=30,
        **fields,
    )  # fmt: skip


def search(*trials, **fields):
    return Search(folder="f", parts={}, trials_wanted=20, trials=list(trials), **fields)


def shown(found):
    console = RichConsole(file=io.StringIO(), width=100)
    console.print(TrialsTable(found).render())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_table_has_settings_epoch_accuracy_and_state_of_each_trial():
    lines = shown(
        search(
            trial(1, accuracies=(0.5, 0.75, 0.7, 0.6)),
            trial(2, "stopped early", (0.4,), reason="after epoch 1"),
            trial(3, "failed", (), reason="the loss is nan"),
            trial(4, "running", (0.6, 0.55)),
            minutes_wanted=5,
        )
    )
    assert lines[0].split() == [
        "trial", "peak", "batch_size", "epoch", "eval", "accuracy", "state",
    ]  # fmt: skip
    assert lines[1].split() == ["✔", "1", "0.001", "16", "4/4", "0.750", "done,", "best"]
    assert lines[2].endswith("1/4  0.400              stopped early: after epoch 1")
    assert lines[3].endswith("failed: the loss is nan")
    assert lines[4].endswith("2/4  0.600 (now 0.550)  running")
    assert lines[5] == "  3 of 20 trials have ended, 3 min 0 s of 5 min left"


def test_a_long_search_shows_the_best_trial_and_the_newest_ones():
    lines = shown(search(trial(1), trial(2, accuracies=(0.9,)), *map(trial, range(3, 21))))
    assert lines[0] == "  7 more trials"
    numbers = [line.split()[1] for line in lines[2:-1]]
    assert numbers == ["2", *map(str, range(9, 21))]
    assert lines[-1] == "  20 of 20 trials have ended"


@pytest.fixture
def report_on(tmp_path):
    """Returns a function that opens the report of a search on a console."""

    def open_on(console):
        run = Run(
            run_id="r", started="2026-11-28T00:00:00+00:00", state="running", config="c",
            settings={}, model="dense", steps=[Step(name="Tuner")],
        )  # fmt: skip
        history = History(tmp_path)
        history.folder("r").mkdir(parents=True)
        return Report(run, history, console, {})

    return open_on


def test_what_the_tuner_logs_reaches_the_console(report_on):
    """The trials are attached to records that have no text of their own."""

    class Shown(Console):
        trials = None

        def set_trials(self, search):
            self.trials = search

    console, found = Shown(io.StringIO()), search(trial(1))
    with report_on(console):
        progress.debug("", extra={"trials": found})
    assert console.trials is found


def test_plain_lines_have_no_empty_ones_for_the_table(report_on):
    stream = io.StringIO()
    with report_on(Console(stream)):
        progress.debug("", extra={"trials": search(trial(1))})
        progress.log(logging.INFO, "trial 1/4: done")
    assert stream.getvalue() == "trial 1/4: done\n"
