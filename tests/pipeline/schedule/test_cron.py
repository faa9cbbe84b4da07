import datetime
from itertools import islice

import pytest

from data.common.errors import UsageError
from pipeline.schedule.cron import CronSchedule, weekday_names

PARIS = "TZ=Europe/Paris"


def first(expression, start, count=1):
    moment = datetime.datetime.fromisoformat(start).replace(tzinfo=datetime.UTC)
    dates = islice(CronSchedule(expression).following(moment), count)
    return [f"{date:%a %Y-%m-%d %H:%M %Z}" for date in dates]


@pytest.mark.parametrize(
    ("days", "expected"),
    [("1", "Mon"), ("0", "Sun"), ("7", "Sun"), ("sat", "Sat"), ("6", "Sat")],
)
def test_days_of_the_week_are_those_of_cron(days, expected):
    (date,) = first(f"{PARIS} 0 3 * * {days}", "2026-11-24")
    assert date.startswith(expected)


def test_lists_ranges_and_steps():
    assert [d[:3] for d in first(f"{PARIS} 0 3 * * 1-5", "2026-11-27T12:00", 3)] == [
        "Mon", "Tue", "Wed"
    ]  # fmt: skip
    assert [d[:3] for d in first(f"{PARIS} 0 3 * * 1,4", "2026-11-24", 2)] == ["Thu", "Mon"]
    quarters = first(f"{PARIS} */15 3 1 * *", "2026-11-24", 3)
    assert [date[-9:-4] for date in quarters] == ["03:00", "03:15", "03:30"]


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("*/2", "sun,tue,thu,sat"),
        ("1-5/2", "mon,wed,fri"),
        ("5-1", "sun,mon,fri,sat"),
        ("0-6", "*"),
        ("0-7", "*"),
        ("0-4", "sun,mon,tue,wed,thu"),
        ("5-7", "sun,fri,sat"),
        ("MON-wed,6", "mon,tue,wed,sat"),
    ],
)
def test_days_of_the_week_become_names(field, days):
    assert weekday_names(field) == days


def test_a_skipped_hour_is_moved_and_a_repeated_hour_counts_once():
    spring = first(f"{PARIS} 30 2 * * *", "2026-03-28T12:00", 2)
    assert spring == ["Sun 2026-03-29 03:30 CEST", "Mon 2026-03-30 02:30 CEST"]
    autumn = first(f"{PARIS} 30 2 * * *", "2026-10-24T12:00", 2)
    assert autumn == ["Sun 2026-10-25 02:30 CEST", "Mon 2026-10-26 02:30 CET"]


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 3 * *",
        "0 3 * * 1 1",
        "61 3 * * 1",
        "TZ=Mars/One 0 3 * * 1",
        "weekly",
        "0 3 1 * 1",
        "0 3 * * 8",
        "0 3 * * x",
    ],
)
def test_an_invalid_cron_expression_is_rejected(expression):
    with pytest.raises(UsageError, match="--cron takes"):
        CronSchedule(expression)


def test_an_expression_that_matches_no_date_is_rejected():
    with pytest.raises(UsageError, match="matches no date"):
        first("0 3 31 2 *", "2026-11-24")
