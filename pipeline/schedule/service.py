"""The loop of `flowers schedule run`: waits for the next date and starts the scheduled run."""

import contextlib
import datetime
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from data.common.errors import UsageError
from data.common.files import write_whole
from pipeline.schedule.cron import CronSchedule, IntervalSchedule

_STATE_FILE, _LOCK_FILE = "schedule.json", ".schedule.lock"
# Minutes before each retry after a transient error; the last one repeats.
_RETRY_DELAYS = (1, 5, 25)
# Seconds between looks at the clock, which may jump while the machine sleeps.
_POLL_SECONDS = 30.0


class Clock:
    """The clock of this machine; tests replace it."""

    def now(self) -> datetime.datetime:
        """Returns the current time, with a time zone."""
        return datetime.datetime.now(datetime.UTC)

    def sleep_until(self, moment: datetime.datetime) -> None:
        """Waits in short intervals, to notice a clock change or a suspended machine."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, _POLL_SECONDS))


@dataclass(frozen=True)
class RunOutcome:
    """The state of a scheduled run, a description, and whether the run failed transiently."""

    state: str
    text: str
    transient: bool = False


@dataclass(frozen=True)
class Service:
    """The scheduler of one root.

    Attributes:
      schedule: The dates of the scheduled runs.
      start: Executes one scheduled run.
      root: The root, where the date of the last scheduled run is kept.
      print_line: Prints a line on the console.
      notify: Receives state and text of each scheduled run, after its last retry.
      retries: How often a scheduled run is retried after transient errors.
    """

    schedule: CronSchedule | IntervalSchedule
    start: Callable[[], RunOutcome]
    clock: Clock
    root: Path
    print_line: Callable[[str], None]
    notify: Callable[[str, str], None]
    retries: int = 3

    def run(self, limit: int | None = None) -> None:
        """Executes scheduled runs until `limit` is reached, or forever."""
        count = 0
        while limit is None or count < limit:
            due = self._overdue() or self.schedule.after(self.clock.now())
            self.print_line(f"next run: {format_moment(due)}")
            self.clock.sleep_until(due)
            self._run_with_retries()
            count += 1

    def _overdue(self) -> datetime.datetime | None:
        """Returns the current time if a date was missed since the last run, else None.

        Several missed dates count as one. The first call on a root only records the time.
        """
        now = self.clock.now()
        last = read_state(self.root)
        if last is None:
            write_state(self.root, now)
            return None
        return now if self.schedule.after(last) <= now else None

    def _run_with_retries(self) -> None:
        started = self.clock.now()
        for attempt in range(self.retries + 1):
            outcome = self.start()
            self.print_line(f"{outcome.state}: {outcome.text}")
            if not outcome.transient:
                break
            if attempt == self.retries:
                self.print_line(f"gave up after {attempt + 1} attempts; waiting for the next date")
                break
            delay = datetime.timedelta(minutes=_RETRY_DELAYS[min(attempt, len(_RETRY_DELAYS) - 1)])
            retry_at = self.clock.now() + delay
            self.print_line(f"retrying at {format_moment(retry_at)}")
            self.clock.sleep_until(retry_at)
        try:
            self.notify(outcome.state, outcome.text)
            # Written after the run, so that an interrupted run counts as missed and is repeated.
            write_state(self.root, started)
        except OSError as error:
            self.print_line(f"{self.root} cannot be written: {error}; this run may be repeated")


@contextlib.contextmanager
def schedule_lock(root: Path) -> Iterator[None]:
    """Keeps a second scheduler off a root, where it would start every run twice.

    Raises:
      UsageError: Another process holds the lock, or the root cannot be written.
    """
    lock = filelock.FileLock(root / _LOCK_FILE, timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"--root: another schedule is running on {root}; end it, or name another folder"
        ) from error
    except OSError as error:
        raise UsageError(f"--root: {root} cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def read_state(root: Path) -> datetime.datetime | None:
    """Returns when the last scheduled run started, or None if there was none."""
    file = root / _STATE_FILE
    if not file.exists():
        return None
    return datetime.datetime.fromisoformat(
        json.loads(file.read_text(encoding="utf-8"))["last_turn"]
    )


def write_state(root: Path, moment: datetime.datetime) -> None:
    """Records when the last scheduled run started."""
    root.mkdir(parents=True, exist_ok=True)
    write_whole(root / _STATE_FILE, json.dumps({"last_turn": moment.isoformat()}) + "\n")


def format_moment(moment: datetime.datetime) -> str:
    """Returns a moment with weekday, date, time and time zone."""
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z}"
