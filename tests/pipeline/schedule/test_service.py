import datetime

import pytest

from pipeline.schedule.cron import Dates
from pipeline.schedule.service import RunOutcome, Service, read_state

MONDAYS = Dates("TZ=UTC 0 3 * * 1")


class FakeClock:
    """A clock that jumps to where it is to sleep until."""

    def __init__(self, start):
        self.time = at(start)

    def now(self):
        return self.time

    def sleep_until(self, moment):
        assert moment >= self.time
        self.time = moment


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


@pytest.fixture
def serve(tmp_path):
    """Returns a function that takes turns with the given outcomes, and tells when and what of."""

    def run(start, *outcomes, turns=None, minutes=0):
        clock, told, taken = FakeClock(start), [], []

        def notified(state, words):
            told.append(f"notified: {state}")

        left = list(outcomes)

        def turn():
            taken.append(f"{clock.time:%m-%d %H:%M}")
            clock.time += datetime.timedelta(minutes=minutes)
            return left.pop(0)

        service = Service(MONDAYS, turn, clock, tmp_path, told.append, notified)
        service.run(turns or len(outcomes))
        return taken, told, clock

    return run


DONE = RunOutcome("pushed", "version 1")
LATER = RunOutcome("failed", "OSError: no space left", may_pass=True)


def test_a_turn_is_taken_at_each_date(serve):
    taken, told, _ = serve("2026-11-24", DONE, DONE, DONE)
    assert taken == ["11-30 03:00", "12-07 03:00", "12-14 03:00"]
    assert told[0] == "next turn: Mon 2026-11-30 03:00:00 UTC"
    assert told[1] == "pushed: version 1"


def test_dates_that_were_missed_are_made_up_for_once(serve):
    serve("2026-11-24", DONE)
    # Two weeks off.
    taken, _, _ = serve("2026-12-16T10:00", DONE, DONE)
    assert taken == ["12-16 10:00", "12-21 03:00"]


def test_a_date_that_passes_during_a_turn_is_made_up_for(serve):
    taken, _, _ = serve("2026-11-24", DONE, DONE, minutes=60 * 24 * 8)
    assert taken == ["11-30 03:00", "12-08 03:00"]


def test_what_may_pass_is_tried_again_with_growing_pauses(serve):
    taken, _, _ = serve("2026-11-24", LATER, LATER, LATER, DONE, DONE, turns=2)
    assert taken == ["11-30 03:00", "11-30 03:01", "11-30 03:06", "11-30 03:31", "12-07 03:00"]


def test_after_so_many_failures_the_next_date_is_waited_for(serve):
    taken, told, _ = serve("2026-11-24", LATER, LATER, LATER, LATER, DONE, turns=2)
    assert taken[-2:] == ["11-30 03:31", "12-07 03:00"]
    assert "gave up after 4 tries; the next date is waited for" in told
    assert [line for line in told if "notified" in line] == ["notified: failed", "notified: pushed"]


def test_what_will_not_pass_is_not_tried_again(serve):
    bad = RunOutcome("data refused", "12 % of the records are no images")
    taken, _, _ = serve("2026-11-24", bad, DONE)
    assert taken == ["11-30 03:00", "12-07 03:00"]


def test_a_turn_that_was_cut_off_is_made_up_for(serve, tmp_path):
    def cut_off():
        raise SystemExit(143)

    clock = FakeClock("2026-11-24")
    with pytest.raises(SystemExit):
        Service(MONDAYS, cut_off, clock, tmp_path, print, print).run()
    assert read_state(tmp_path) == at("2026-11-24")
    taken, _, _ = serve("2026-11-30T04:00", DONE)
    assert taken == ["11-30 04:00"]
