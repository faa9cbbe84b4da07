"""The dates that a cron expression names, through daylight saving."""

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


class Dates:
    """What `TZ=Europe/Paris 0 3 * * 1` names: minute, hour, day of month, month, day of week.

    Without `TZ=` the machine's own time zone counts. Days of the week are cron's: 0 and 7 are
    Sunday. Of an hour that comes twice the first one counts, and in one that is left out the clock
    goes on as if it were there.
    """

    def __init__(self, expression: str):
        """Reads the expression.

        Raises:
          UsageError: it is none.
        """
        try:
            zone, (*others, days) = split(expression)
            self.zone = ZoneInfo(zone) if zone else get_localzone()
            self._trigger = CronTrigger.from_crontab(
                " ".join([*others, with_names(days)]), timezone=self.zone
            )
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise UsageError(
                "--cron takes 'MINUTE HOUR DAY MONTH WEEKDAY', with 'TZ=Europe/Paris ' before it "
                f"for a time zone, got {expression!r}: {error}"
            ) from error

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Returns the first date after a moment, in the expression's time zone.

        Raises:
          UsageError: there is none, as for 31 February.
        """
        at = moment.astimezone(_UTC) + datetime.timedelta(microseconds=1)
        while found := self._trigger.get_next_fire_time(None, at):
            if not found.fold:
                # By way of UTC: an hour that is left out reads as the one that it is.
                return found.astimezone(_UTC).astimezone(self.zone)
            at = found.astimezone(_UTC) + datetime.timedelta(microseconds=1)
        raise UsageError(f"--cron names no date after {moment:%Y-%m-%d}")

    def following(self, moment: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yields the dates after a moment."""
        while True:
            moment = self.after(moment)
            yield moment


class Every:
    """Dates so many minutes apart, from whenever one asks."""

    def __init__(self, minutes: float):
        """See the class."""
        self._pause = datetime.timedelta(minutes=minutes)

    def after(self, moment: datetime.datetime) -> datetime.datetime:
        """Returns the date after a moment."""
        return moment + self._pause


def split(expression: str) -> tuple[str, list[str]]:
    """Returns the time zone of an expression, or nothing, and its five fields.

    Raises:
      ValueError: they are not five; or they name days of the month and of the week, of which cron
        takes either, and nobody expects that.
    """
    zoned = _ZONE.fullmatch(expression.strip())
    fields = (zoned[2] if zoned else expression).split()
    if len(fields) != _FIELDS:
        raise ValueError(f"it has {len(fields)} fields")
    if fields[2] != "*" and fields[4] != "*":
        raise ValueError("it has days of the month and of the week at once")
    return (zoned[1] if zoned else ""), fields


def with_names(days: str) -> str:
    """Returns a field of week days as a list of names; `*` where it names all.

    Cron's numbers begin on Sunday, which is 7, too; those of APScheduler begin on Monday. Ranges
    may go over the end of the week.

    Raises:
      ValueError: it is no such field.
    """
    chosen = {name for part in days.lower().split(",") for name in _days_of(part)}
    return "*" if len(chosen) == len(_DAYS) else ",".join(day for day in _DAYS if day in chosen)


def _days_of(part: str) -> list[str]:
    """Returns the days of `*`, a day or a range, with or without a step."""
    found = _DAY_PART.fullmatch(part)
    if not found:
        raise ValueError(f"{part!r} is no day of the week")
    first, last, step = found["first"], found["last"], found["step"]
    if found["all"]:
        return list(_DAYS[:: int(step or 1)])
    start = _number(first)
    if not last and not step:
        return [_DAYS[start]]
    end = _number(last) if last else len(_DAYS) - 1
    length = (end - start) % len(_DAYS) + 1
    if last == "7" and start == 0:
        length = len(_DAYS)
    return [_DAYS[(start + n) % len(_DAYS)] for n in range(0, length, int(step or 1))]


def _number(day: str) -> int:
    return int(day) % len(_DAYS) if day.isdecimal() else _DAYS.index(day)
