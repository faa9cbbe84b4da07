"""A schedule as a timer of systemd, of this user: no process sits there between the turns."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from data.common.errors import UsageError
from data.common.files import write_whole
from pipeline.schedule.cron import Dates, split, with_names

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def install(name: str, cron: str, command: Sequence[str], folder: Path, start: bool) -> list[Path]:
    """Writes a service, which takes one turn, and its timer; returns their files.

    A turn that was missed while the machine was off is taken once it is on again.

    Args:
      name: of the units, after `flowers-`.
      cron: see `pipeline.schedule.cron.Dates`.
      command: of one turn.
      folder: of the units; made if it is missing.
      start: whether systemd is told at once.

    Raises:
      UsageError: the dates are none; a timer of that name takes other turns; or systemd does not
        take the units.
    """
    service, timer = (folder / f"flowers-{name}.{kind}" for kind in ("service", "timer"))
    contents = {service: _service(name, command), timer: _timer(name, cron)}
    if service.exists() and service.read_text() != contents[service]:
        raise UsageError(
            f"{service} takes other turns; `flowers schedule remove` first, or give this pipeline "
            "a name of its own with --set name=..."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in contents.items():
        write_whole(file, text)
    if start:
        _systemctl("daemon-reload")
        _systemctl("enable", "--now", timer.name)
    return [service, timer]


def remove(name: str, folder: Path) -> list[Path]:
    """Stops and removes a timer and its service; returns their files.

    Raises:
      UsageError: there is no such timer.
    """
    files = [folder / f"flowers-{name}.{kind}" for kind in ("timer", "service")]
    if not files[0].exists():
        raise UsageError(f"there is no timer {files[0]}")
    if folder == unit_folder():
        # The timer first, lest it begin another turn; then the one that is being taken.
        _systemctl("disable", "--now", files[0].name)
        _systemctl("stop", files[1].name)
    for file in files:
        file.unlink(missing_ok=True)
    if folder == unit_folder():
        _systemctl("daemon-reload")
    return files


def status(name: str) -> str:
    """Returns what systemd says of a timer and of its last turn."""
    return _systemctl("status", f"flowers-{name}.timer", f"flowers-{name}.service", ok=(0, 3))


def unit_folder() -> Path:
    """Returns where systemd looks for a user's units."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config, "systemd", "user")


def on_calendar(cron: str) -> str:
    """Returns the dates of a cron expression in systemd's words, such as `Mon *-*-* 3:0:00`.

    Raises:
      UsageError: it is none.
    """
    Dates(cron)
    zone, (minute, hour, day, month, weekday) = split(cron)
    months = re.sub(r"[a-z]{3}", lambda m: str(_MONTHS.index(m[0]) + 1), month.lower())
    date = f"*-{_field(months, 1)}-{_field(day, 1)}"
    time = f"{_field(hour, 0)}:{_field(minute, 0)}:00"
    names = with_names(weekday)
    days = "" if names == "*" else f"{names.title()} "
    return f"{days}{date} {time}{f' {zone}' if zone else ''}"


def _field(text: str, first: int) -> str:
    """Returns a field of numbers: ranges are `a..b` to systemd, and steps begin somewhere."""
    return re.sub(r"^\*/", f"{first}/", text).replace("-", "..")


def _service(name: str, command: Sequence[str]) -> str:
    # A percent sign begins a specifier in a unit, and a dollar sign a variable.
    line = shlex.join(command).replace("%", "%%").replace("$", "$$")
    here = str(Path.cwd()).replace("%", "%%")
    return f"""[Unit]
Description=A turn of the pipeline {name}

[Service]
Type=oneshot
WorkingDirectory={here}
ExecStart={line}
TimeoutStopSec=120
# 3: the model was refused; 4: the data was. Neither is a failure of the service.
SuccessExitStatus=3 4
"""


def _timer(name: str, cron: str) -> str:
    return f"""[Unit]
Description=Turns of the pipeline {name}

[Timer]
OnCalendar={on_calendar(cron)}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _systemctl(*arguments: str, ok: Sequence[int] = (0,)) -> str:
    if not shutil.which("systemctl"):
        raise UsageError("systemd is not on this machine; `flowers schedule run` needs none")
    command = ["systemctl", "--user", *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode not in ok:
        said = " ".join((answer.stderr or answer.stdout).split())
        raise UsageError(f"{shlex.join(command)}: {said}")
    return answer.stdout
