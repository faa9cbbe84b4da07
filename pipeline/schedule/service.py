"""The loop of `flowers schedule run`: sleeps, takes its turn, and remembers which one it was."""

import datetime
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from data.common.files import write_whole
from pipeline.schedule.cron import Dates, Every

STATE_FILE = "schedule.json"
# Minutes before a turn that may still succeed is taken again; the last one repeats.
PAUSES = (1, 5, 25)
# A machine that was asleep must not sleep on: time is looked at this often, in seconds.
_NAP = 30.0


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime.datetime:
        """Returns the time, with a time zone."""

    def sleep_until(self, moment: datetime.datetime) -> None:
        """Waits."""


class WallClock:
    """The time of this machine."""

    def now(self) -> datetime.datetime:
        """See Clock."""
        return datetime.datetime.now(datetime.UTC)

    def sleep_until(self, moment: datetime.datetime) -> None:
        """Waits in naps, so that a clock that was set, or a machine that slept, is noticed."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, _NAP))


@dataclass(frozen=True)
class RunOutcome:
    """What a turn came to: in a word, in words, and whether the same turn later may do better."""

    state: str
    words: str
    may_pass: bool = False


@dataclass(frozen=True)
class Service:
    """A schedule at work.

    Attributes:
      dates: when a turn is due.
      turn: takes one.
      clock: real, or a test's.
      root: where is kept which turns were taken.
      tell: takes lines for the console.
      notify: takes state and words of each turn, after its last try.
      retries: how often a turn that may pass is taken again, before the next date is waited for.
    """

    dates: Dates | Every
    turn: Callable[[], RunOutcome]
    clock: Clock
    root: Path
    tell: Callable[[str], None]
    notify: Callable[[str, str], None]
    retries: int = 3

    def run(self, turns: int | None = None) -> None:
        """Takes turns for ever, or so many."""
        taken = 0
        while turns is None or taken < turns:
            due = self._missed() or self.dates.after(self.clock.now())
            self.tell(f"next turn: {format_moment(due)}")
            self.clock.sleep_until(due)
            self._take()
            taken += 1

    def _missed(self) -> datetime.datetime | None:
        """Returns now, if a date has passed since the last turn: all that were missed are one.

        The first time there is none before.
        """
        now = self.clock.now()
        last = read_state(self.root)
        if last is None:
            write_state(self.root, now)
            return None
        return now if self.dates.after(last) <= now else None

    def _take(self) -> None:
        began = self.clock.now()
        for number in range(self.retries + 1):
            outcome = self.turn()
            self.tell(f"{outcome.state}: {outcome.words}")
            if not outcome.may_pass:
                break
            if number == self.retries:
                self.tell(f"gave up after {number + 1} tries; the next date is waited for")
                break
            pause = datetime.timedelta(minutes=PAUSES[min(number, len(PAUSES) - 1)])
            self.tell(f"taken again at {format_moment(self.clock.now() + pause)}")
            self.clock.sleep_until(self.clock.now() + pause)
        try:
            self.notify(outcome.state, outcome.words)
            # Noted once it is taken: a turn that a kill cut off is made up for.
            write_state(self.root, began)
        except OSError as error:
            self.tell(f"{self.root} can't be written: {error}; this turn may be taken again")


def read_state(root: Path) -> datetime.datetime | None:
    """Returns when the last turn was taken, or None."""
    file = root / STATE_FILE
    if not file.exists():
        return None
    return datetime.datetime.fromisoformat(json.loads(file.read_text())["last_turn"])


def write_state(root: Path, moment: datetime.datetime) -> None:
    """Notes when the last turn was taken."""
    root.mkdir(parents=True, exist_ok=True)
    write_whole(root / STATE_FILE, json.dumps({"last_turn": moment.isoformat()}) + "\n")


def format_moment(moment: datetime.datetime) -> str:
    """Returns a moment with its day and time zone."""
    return f"{moment:%a %Y-%m-%d %H:%M:%S %Z}"
