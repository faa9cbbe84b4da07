import datetime

import pytest

from pipeline.schedule.cron import CronSchedule
from pipeline.schedule.service import RunOutcome, Service, read_state

MONDAYS = CronSchedule("TZ=UTC 0 3 * * 1")


class FakeClock:
    """A clock that jumps to the moment it is asked to sleep until."""

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
    """Returns a function that runs a service whose scheduled runs have the given outcomes.

    It returns the start times of the runs and the console lines.
    """

    def serve(start, *outcomes, limit=None, minutes=0):
        clock, lines, starts = FakeClock(start), [], []

        def notify(state, text):
            lines.append(f"notified: {state}")

        remaining = list(outcomes)

        def run():
            starts.append(f"{clock.time:%m-%d %H:%M}")
            clock.time += datetime.timedelta(minutes=minutes)
            return remaining.pop(0)

        service = Service(MONDAYS, run, clock, tmp_path, lines.append, notify)
        service.run(limit or len(outcomes))
        return starts, lines

    return serve


PUSHED = RunOutcome("pushed", "version 1")
TRANSIENT = RunOutcome("failed", "OSError: no space left", transient=True)


def test_a_run_starts_at_each_date(serve):
    starts, lines = serve("2026-11-24", PUSHED, PUSHED, PUSHED)
    assert starts == ["11-30 03:00", "12-07 03:00", "12-14 03:00"]
    assert lines[0] == "next run: Mon 2026-11-30 03:00:00 UTC"
    assert lines[1] == "pushed: version 1"


def test_missed_dates_are_made_up_for_once(serve):
    serve("2026-11-24", PUSHED)
    # Two weeks off.
    starts, _ = serve("2026-12-16T10:00", PUSHED, PUSHED)
    assert starts == ["12-16 10:00", "12-21 03:00"]


def test_a_date_missed_during_a_run_is_made_up_for(serve):
    starts, _ = serve("2026-11-24", PUSHED, PUSHED, minutes=60 * 24 * 8)
    assert starts == ["11-30 03:00", "12-08 03:00"]


def test_transient_errors_are_retried_with_growing_delays(serve):
    starts, _ = serve("2026-11-24", TRANSIENT, TRANSIENT, TRANSIENT, PUSHED, PUSHED, limit=2)
    assert starts == ["11-30 03:00", "11-30 03:01", "11-30 03:06", "11-30 03:31", "12-07 03:00"]


def test_after_the_last_retry_the_service_waits_for_the_next_date(serve):
    starts, lines = serve("2026-11-24", TRANSIENT, TRANSIENT, TRANSIENT, TRANSIENT, PUSHED, limit=2)
    assert starts[-2:] == ["11-30 03:31", "12-07 03:00"]
    assert "gave up after 4 attempts; waiting for the next date" in lines
    assert [line for line in lines if "notified" in line] == [
        "notified: failed",
        "notified: pushed",
    ]


def test_other_failures_are_not_retried(serve):
    refused = RunOutcome("data refused", "12 % of the records are not images")
    starts, _ = serve("2026-11-24", refused, PUSHED)
    assert starts == ["11-30 03:00", "12-07 03:00"]


def test_an_interrupted_run_is_made_up_for(serve, tmp_path):
    def interrupted():
        raise SystemExit(143)

    clock = FakeClock("2026-11-24")
    with pytest.raises(SystemExit):
        Service(MONDAYS, interrupted, clock, tmp_path, print, print).run()
    assert read_state(tmp_path) == at("2026-11-24")
    starts, _ = serve("2026-11-30T04:00", PUSHED)
    assert starts == ["11-30 04:00"]
