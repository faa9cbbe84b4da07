"""Schedules as systemd user timers, which need no process between the scheduled runs."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from data.common.errors import UsageError
from data.common.files import write_whole
from data.common.formatting import shell_word
from pipeline.schedule.cron import CronSchedule, split_expression, weekday_names

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def install(name: str, cron: str, command: Sequence[str], folder: Path, start: bool) -> list[Path]:
    """Writes a service for one scheduled run and its timer, and returns their files.

    A run that is missed while the machine is off starts once it is on again. If the timer cannot be
    started, the files are as before.

    Args:
      name: The name of the units, without the prefix `flowers-`.
      cron: A cron expression, see `CronSchedule`.
      command: The command of one scheduled run.
      folder: The folder of the units, created if missing.
      start: Whether to enable and start the timer.

    Raises:
      UsageError: The cron expression is not valid, the service exists with another content, or
        systemd cannot be reached or rejects the units.
    """
    service, timer = (folder / f"flowers-{name}.{kind}" for kind in ("service", "timer"))
    contents = {service: _service(name, command), timer: _timer(name, cron)}
    if service.exists() and service.read_text(encoding="utf-8") != contents[service]:
        raise UsageError(
            f"{service} exists with another content; run `flowers schedule remove` first, or give "
            "this pipeline another name with --set name=..."
        )
    if start:
        # Fails without a user bus, before anything is written.
        _systemctl("show-environment")
    new = not timer.exists()
    with _undone_on_error(contents):
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in contents.items():
            write_whole(file, text)
        if start:
            _systemctl("daemon-reload")
            _enable(timer, new)
    return [service, timer]


def start_command(files: Sequence[Path]) -> str:
    """Returns the shell command that enables and starts units that were only written.

    Args:
      files: The service and the timer, see `install`; they may be in any folder.
    """
    service, timer = (shell_word(os.path.abspath(file)) for file in files)
    enable = f"systemctl --user enable --now {timer}"
    in_place = files[0].absolute().parent == unit_folder().absolute()
    return enable if in_place else f"systemctl --user link {service} && {enable}"


def remove(name: str, folder: Path) -> list[Path]:
    """Stops and removes a timer and its service, and returns their files.

    Raises:
      UsageError: There is no such timer.
    """
    files = [folder / f"flowers-{name}.{kind}" for kind in ("timer", "service")]
    if not files[0].exists():
        raise UsageError(f"there is no timer {files[0]}")
    if folder == unit_folder():
        # The timer first, so that it starts no further run; then the run in progress.
        _systemctl("disable", "--now", files[0].name)
        _systemctl("stop", files[1].name)
    for file in files:
        file.unlink(missing_ok=True)
    if folder == unit_folder():
        _systemctl("daemon-reload")
    return files


def status(name: str) -> str:
    """Returns the status that systemd reports for a timer and its last run."""
    return _systemctl("status", f"flowers-{name}.timer", f"flowers-{name}.service", ok=(0, 3))


def unit_folder() -> Path:
    """Returns the folder where systemd looks for the units of the user."""
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config, "systemd", "user")


def on_calendar(cron: str) -> str:
    """Converts a cron expression to systemd's `OnCalendar` format, such as `Mon *-*-* 3:0:00`.

    Raises:
      UsageError: The expression is not valid.
    """
    CronSchedule(cron)
    zone, (minute, hour, day, month, weekday) = split_expression(cron)
    months = re.sub(r"[a-z]{3}", lambda m: str(_MONTHS.index(m[0]) + 1), month.lower())
    date = f"*-{_field(months, 1)}-{_field(day, 1)}"
    time = f"{_field(hour, 0)}:{_field(minute, 0)}:00"
    names = weekday_names(weekday)
    days = "" if names == "*" else f"{names.title()} "
    return f"{days}{date} {time}{f' {zone}' if zone else ''}"


def _field(text: str, first: int) -> str:
    """Converts a numeric field: systemd writes ranges as `a..b`, and steps need a first value."""
    return re.sub(r"^\*/", f"{first}/", text).replace("-", "..")


def _service(name: str, command: Sequence[str]) -> str:
    # In a unit file a percent sign starts a specifier and a dollar sign a variable.
    line = shlex.join(command).replace("%", "%%").replace("$", "$$")
    folder = str(Path.cwd()).replace("%", "%%")
    return f"""[Unit]
Description=Scheduled run of the pipeline {name}

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={line}
TimeoutStopSec=120
# 3: the model was refused. 4: the data was refused. Neither is a failure of the service.
SuccessExitStatus=3 4
"""


def _timer(name: str, cron: str) -> str:
    return f"""[Unit]
Description=Scheduled runs of the pipeline {name}

[Timer]
OnCalendar={on_calendar(cron)}
Persistent=true

[Install]
WantedBy=timers.target
"""


def _enable(timer: Path, new: bool) -> None:
    """Enables and starts a timer; a new one that does not start is not left enabled."""
    try:
        _systemctl("enable", "--now", timer.name)
    except UsageError:
        if new:
            with contextlib.suppress(UsageError):
                _systemctl("disable", timer.name)
        raise


@contextlib.contextmanager
def _undone_on_error(files: Iterable[Path]) -> Iterator[None]:
    """Restores files after an error, and removes those that did not exist before."""
    before = {file: file.read_bytes() if file.exists() else None for file in files}
    try:
        yield
    except (OSError, UsageError):
        for file, content in before.items():
            if content is None:
                file.unlink(missing_ok=True)
            else:
                file.write_bytes(content)
        with contextlib.suppress(UsageError):
            _systemctl("daemon-reload")
        raise


def _systemctl(*arguments: str, ok: Sequence[int] = (0,)) -> str:
    if not shutil.which("systemctl"):
        raise UsageError("systemd is not available; `flowers schedule run` works without it")
    command = ["systemctl", "--user", *arguments]
    answer = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if answer.returncode not in ok:
        output = " ".join((answer.stderr or answer.stdout).split())
        raise UsageError(
            f"{shlex.join(command)}: {output}; `flowers schedule run` works without systemd"
        )
    return answer.stdout
