"""A scheduled run in its own process, which frees its memory and isolates its crashes."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.exit_codes import FAILED
from pipeline.history.runs import History
from pipeline.schedule.scheduled_run import outcome_of
from pipeline.schedule.service import RunOutcome

# After SIGTERM a training saves its state within one step; a child that takes longer is killed.
_GRACE_SECONDS = 90.0
# The child gets this process's program name, which its console lines mention, and its search path:
# otherwise a package `data` or `pipeline` in the current folder would be imported instead.
_PROGRAM = (
    "import sys; sys.argv[0] = {name!r}; sys.path[:] = {path!r}; "
    "from pipeline.cli.main import main; main()"
)


def run_child(options: Sequence[str], root: Path) -> RunOutcome:
    """Runs `flowers schedule once` and returns its outcome; a signal to this process ends it.

    Args:
      options: The options of that command.
      root: The root whose history the child writes to.
    """
    before = {run.run_id for run in History(root).runs()}
    program = _PROGRAM.format(name=sys.argv[0], path=sys.path)
    command = [sys.executable, "-c", program, "schedule", "once", "--reported-by-caller"]
    # Ctrl-C reaches the whole process group of a terminal. In its own session the child gets
    # one signal only: a second one would interrupt the training while it saves its state.
    with subprocess.Popen([*command, *options], start_new_session=True) as child:
        try:
            code = child.wait()
        except BaseException:
            _terminate(child)
            raise
    new = [run for run in History(root).runs() if run.run_id not in before]
    if code < 0:
        text = f"the process of the run was terminated by signal {-code}"
        return RunOutcome("failed", text, transient=True)
    if new:
        return outcome_of(new[0])
    if code:
        # The child could not write to the history; it printed the reason.
        text = f"the process of the run exited with code {code}"
        return RunOutcome("failed", text, transient=code == FAILED)
    return RunOutcome("skipped", "nothing to do")


def _terminate(child: subprocess.Popen) -> None:
    """Ends a child with SIGTERM, or with SIGKILL after the grace period."""
    child.terminate()
    try:
        child.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
