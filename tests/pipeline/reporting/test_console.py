import io
import os
import pty
import re
import select

import pytest

from components.tuner.trials import Search, Trial
from pipeline.history.run import Step
from pipeline.reporting.console import Console, console_on
from pipeline.reporting.view import View

PLAIN = View()


@pytest.fixture
def terminal(monkeypatch):
    """Yields a stream to a new terminal, and a function that reads what the terminal received."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    master, slave = pty.openpty()
    os.set_blocking(master, False)

    def sent() -> str:
        content = b""
        while select.select([master], [], [], 0.2)[0]:
            content += os.read(master, 65536)
        return content.decode()

    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield stream, sent
    os.close(master)


def show(console: Console) -> None:
    """Shows a run of two steps; the second one fails."""
    steps = [Step(name="ExampleGen"), Step(name="Trainer")]
    with console:
        console.set_steps(steps)
        console.show_activity("loading")
        for step, state in zip(steps, ["done", "failed"], strict=True):
            step.state = "running"
            console.step_changed(step)
            console.show_activity(f"half of {step.name}", 0.5, stays=False)
            step.state, step.seconds, step.found, step.why = state, 1.25, "7 records", "its code"
            console.step_changed(step)
        console.close()
        console.print_line("FAILED", "bold red")


def without_codes(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_a_terminal_shows_a_table_in_colour(terminal):
    stream, sent = terminal
    show(console_on(stream, PLAIN))
    text = sent()
    assert "\x1b[32m" in text
    assert "\x1b[1;31mFAILED" in text
    lines = [line.strip() for line in without_codes(text).splitlines()]
    assert "✘  Trainer     1.2 s  7 records  (its code)" in lines
    # The cursor is visible again.
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_terminal_shows_the_trials_of_a_search_below_the_steps(terminal):
    stream, sent = terminal
    trial = Trial(
        number=1, values={"trainer.batch_size": 16}, state="running", epochs=4, accuracies=[0.5],
        losses=[1.0], best_epoch=1,
    )  # fmt: skip
    with console_on(stream, PLAIN) as console:
        console.set_steps([Step(name="Tuner", state="running")])
        console.set_trials(Search(folder="f", parts={}, trials_wanted=2, trials=[trial]))
        console.close()
    lines = [line.strip() for line in without_codes(sent()).splitlines()]
    step = next(i for i, line in enumerate(lines) if line.startswith("▶  Tuner"))
    found = next(i for i, line in enumerate(lines) if "running, best" in line)
    assert step < found
    assert lines[found].split()[:4] == ["▶", "1", "16", "1/4"]
    assert "0 of 2 trials have ended" in lines


def test_no_color_removes_the_colours_but_not_the_table(terminal, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream, sent = terminal
    show(console_on(stream, PLAIN))
    text = sent()
    assert "✘  Trainer" in without_codes(text)
    assert not re.search(r"\x1b\[[0-9;]*3\dm", text)


@pytest.mark.parametrize("view", [View(plain=True), View(verbose=True)])
def test_a_terminal_shows_plain_lines_on_request(terminal, view):
    stream, sent = terminal
    show(console_on(stream, view))
    text = sent()
    assert "\x1b" not in text
    assert "Trainer           failed    1.2 s  7 records  (its code)" in text


def test_a_dumb_terminal_shows_plain_lines(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream, sent = terminal
    show(console_on(stream, PLAIN))
    assert "\x1b" not in sent()


def test_without_a_terminal_only_permanent_lines_are_written():
    stream = io.StringIO()
    show(console_on(stream, PLAIN))
    assert stream.getvalue().splitlines() == [
        "loading",
        "ExampleGen        done      1.2 s  7 records  (its code)",
        "Trainer           failed    1.2 s  7 records  (its code)",
        "FAILED",
    ]
