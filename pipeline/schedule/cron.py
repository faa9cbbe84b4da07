"""The dates of a schedule: a cron expression with daylight saving time, or a fixed interval."""

import datetime
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger
from tzlocal import get_localzone

from data.common.errors import UsageError

_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = "[0-7]|sun|mon|tue|wed|thu|fri|sat"
_DAY_PART = re.compile(
    rf"(?:(?P<all>\*)|(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?)(?:/(?P<step>[1-7]))?"
)
_FIELDS = 5
_UTC = datetime.UTC


class CronSchedule:
    """The dates of a cron expression such as `TZ=Europe/Paris 0 3 * * 1`.

    The fields are minute, hour, day of month, month and day of week, where 0 and 7 are Sunday.
    Without `TZ=` the time zone is the machine's. When clocks go back, only the first of the two
    equal times counts; a time that is skipped when clocks go forward is moved one hour later.
    """

    def __init__(self, expression: str):
        """Parses the expression.

        Raises:
          UsageError: The expression is not valid.
        """
        try:
            zone, (*others, days) = split_expression(expression)
            self.zone = ZoneInfo(zone) if zone else get_localzone()
            self._trigger = CronTrigger.from_crontab(
                " ".join([*others, weekday_names(days)]), timezone=self.zone
            )
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise UsageError(
                "--cron takes 'MINUTE HOUR DAY MONTH WEEKDAY', optionally after a time zone such "
                f"as 'TZ=Europe/Paris ', got {expression!r}: {error}"
            ) from error

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Returns the first date after a moment, in the time zone of the expression.

        Raises:
          UsageError: There is no such date, as with 31 February.
        """
        at = moment.astimezone(_UTC) + datetime.timedelta(microseconds=1)
        while found := self._trigger.get_next_fire_time(None, at):
            if not found.fold:
                # The conversion to UTC and back moves a skipped time to the hour that exists.
                return found.astimezone(_UTC).astimezone(self.zone)
            at = found.astimezone(_UTC) + datetime.timedelta(microseconds=1)
        raise UsageError(f"--cron matches no date after {moment:%Y-%m-%d}")

    def following(self, moment: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yields the dates after a moment."""
        while True:
            moment = self.after(moment)
            yield moment


class IntervalSchedule:
    """Dates at a fixed interval, in minutes."""

    def __init__(self, minutes: float):
        self._interval = datetime.timedelta(minutes=minutes)

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Returns the date one interval after a moment."""
        return moment + self._interval


def split_expression(expression: str) -> tuple[str, list[str]]:
    """Returns the time zone of a cron expression, or an empty string, and its five fields.

    Raises:
      ValueError: There are not five fields; or both days of the month and days of the week are
        given, which cron surprisingly combines with "or".
    """
    zoned = _ZONE.fullmatch(expression.strip())
    fields = (zoned[2] if zoned else expression).split()
    if len(fields) != _FIELDS:
        raise ValueError(f"expected {_FIELDS} fields, got {len(fields)}")
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("days of the month and days of the week cannot be combined")
    return (zoned[1] if zoned else ""), fields


def weekday_names(field: str) -> str:
    """Converts the day-of-week field to a comma-separated list of names; `*` means every day.

    Cron counts from Sunday (0 or 7), APScheduler from Monday; names mean the same in both. A range
    may wrap around the end of the week.

    Raises:
      ValueError: The field is not valid.
    """
    chosen = {name for part in field.lower().split(",") for name in _days_of(part)}
    return "*" if len(chosen) == len(_DAYS) else ",".join(day for day in _DAYS if day in chosen)


def _days_of(part: str) -> list[str]:
    """Returns the days of `*`, a day or a range, with or without a step."""
    match = _DAY_PART.fullmatch(part)
    if not match:
        raise ValueError(f"{part!r} is not a day of the week")
    first, last, step = match["first"], match["last"], match["step"]
    if match["all"]:
        return list(_DAYS[:: int(step or 1)])
    start = _day_number(first)
    if not last and not step:
        return [_DAYS[start]]
    end = _day_number(last) if last else len(_DAYS) - 1
    length = (end - start) % len(_DAYS) + 1
    if last == "7" and start == 0:
        length = len(_DAYS)
    return [_DAYS[(start + n) % len(_DAYS)] for n in range(0, length, int(step or 1))]


def _day_number(day: str) -> int:
    return int(day) % len(_DAYS) if day.isdecimal() else _DAYS.index(day)
