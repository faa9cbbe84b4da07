"""A turn in a process of its own: what it takes of memory, and what kills it, ends with it."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.history.runs import History
from pipeline.schedule.scheduled_run import outcome_of
from pipeline.schedule.service import RunOutcome

# A training saves its state within a step; whoever has not ended by then is killed, in seconds.
_GRACE = 90.0
# With the name that this process was called by, for what it says to type next.
_PROGRAM = "import sys; sys.argv[0] = {name!r}; from pipeline.cli.main import main; main()"


@dataclass(frozen=True)
class ChildRun:
    """Takes a turn by `flowers schedule once`.

    Attributes:
      options: of that command.
      root: in whose history the child leaves an entry.
    """

    options: Sequence[str]
    root: Path

    def take(self) -> RunOutcome:
        """Runs the command, and reads what it left; a signal ends the command first."""
        before = {run.run_id for run in History(self.root).runs()}
        program = _PROGRAM.format(name=sys.argv[0])
        command = [sys.executable, "-c", program, "schedule", "once", "--told", *self.options]
        # Ctrl-C reaches all of a terminal's group, and a second signal would cut off what the first
        # one makes the training save.
        with subprocess.Popen(command, start_new_session=True) as child:
            try:
                code = child.wait()
            except BaseException:
                _end(child)
                raise
        new = [run for run in History(self.root).runs() if run.run_id not in before]
        if code < 0:
            return RunOutcome("failed", f"the turn's process died of signal {-code}", may_pass=True)
        if new:
            return outcome_of(new[0])
        if code:
            # It could not even write down why; what it printed says it.
            return RunOutcome("failed", f"the turn's process ended with {code}", may_pass=code == 1)
        return RunOutcome("skipped", "nothing to do")


def _end(child: subprocess.Popen) -> None:
    """Ends a child in its own way if it takes no longer than a training needs to save."""
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
