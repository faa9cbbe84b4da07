import datetime
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from data.common.errors import UsageError
from pipeline.cli import schedule
from pipeline.schedule.cron import CronSchedule
from pipeline.schedule.systemd import install, on_calendar, remove

COMMAND = ["/opt/flowers", "schedule", "once", "--data", "/r/span-{SPAN}/*", "--set", "a.b=5 %"]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 3 * * 1", "Mon *-*-* 3:0:00"),
        ("TZ=Europe/Paris 30 2 * * 1-5", "Mon,Tue,Wed,Thu,Fri *-*-* 2:30:00 Europe/Paris"),
        ("*/15 8-18 * * *", "*-*-* 8..18:0/15:00"),
        ("0 3 1,15 jan-mar *", "*-1..3-1,15 3:0:00"),
        ("0 3 */2 * *", "*-*-1/2 3:0:00"),
    ],
)
def test_cron_expressions_are_converted_to_on_calendar(cron, expected):
    assert on_calendar(cron) == expected


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not available")
@pytest.mark.parametrize(
    "cron",
    ["TZ=UTC 0 3 * * 1", "TZ=UTC */15 8-18 * * *", "TZ=UTC 0 3 1 1-3 *", "TZ=UTC 0 3 * * */2"],
)
def test_systemd_computes_the_same_dates(cron):
    base = "2026-11-24 12:00:00 UTC"
    answer = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=3", f"--base-time={base}", on_calendar(cron)],
        capture_output=True, text=True, check=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    found = [line.partition(": ")[2] for line in answer.stdout.splitlines() if "UTC" in line]
    found = [line for line in found if line[:3].isalpha() and line[4:8].isdecimal()]
    start = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
    dates = [
        f"{d:%a %Y-%m-%d %H:%M:%S UTC}" for d in islice(CronSchedule(cron).following(start), 3)
    ]
    assert found[-3:] == dates


def test_the_units_are_written_and_systemd_accepts_them(tmp_path):
    program = tmp_path / "flowers"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    command = [str(program), *COMMAND[1:]]
    service, timer = install("roses", "TZ=Europe/Paris 0 3 * * 1", command, tmp_path, start=False)
    assert "OnCalendar=Mon *-*-* 3:0:00 Europe/Paris" in timer.read_text()
    assert "Persistent=true" in timer.read_text()
    assert "'/r/span-{SPAN}/*'" in service.read_text()
    assert "'a.b=5 %%'" in service.read_text()
    assert f"WorkingDirectory={Path.cwd()}" in service.read_text()
    with pytest.raises(UsageError, match="exists with another content"):
        install("roses", "0 4 * * *", [*command, "--no-note"], tmp_path, start=False)
    if shutil.which("systemd-analyze"):
        check = ["systemd-analyze", "--user", "verify", str(timer), str(service)]
        answer = subprocess.run(check, capture_output=True, text=True, check=False)
        complaints = [line for line in answer.stderr.splitlines() if "flowers-roses" in line]
        assert complaints == []
    assert remove("roses", tmp_path) == [timer, service]
    assert not list(tmp_path.glob("flowers-*"))


@pytest.fixture
def no_user_bus(monkeypatch, tmp_path):
    """A user without a session of systemd, as in a container; returns the user's folder."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "no-bus"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def test_without_a_user_bus_nothing_is_left_behind(no_user_bus):
    with pytest.raises(UsageError, match="`flowers schedule run` works without"):
        schedule.install("0 3 * * 1")
    assert not no_user_bus.exists()


def test_units_that_systemd_refuses_leave_the_files_as_they_were(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$2" != enable ]\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    folder = tmp_path / "units"
    with pytest.raises(UsageError, match="systemctl --user enable"):
        install("roses", "0 3 * * 1", COMMAND, folder, start=True)
    assert list(folder.iterdir()) == []
    _, timer = install("roses", "0 3 * * 1", COMMAND, folder, start=False)
    before = timer.read_text()
    with pytest.raises(UsageError, match="systemctl --user enable"):
        install("roses", "0 4 * * 1", COMMAND, folder, start=True)
    assert timer.read_text() == before


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_timer_that_is_only_written_says_so(no_user_bus, tmp_path, capsys, elsewhere):
    folder = tmp_path / "my units" if elsewhere else no_user_bus / "systemd" / "user"
    schedule.install("0 3 * * 1", units=folder if elsewhere else None, start=False)
    shown = capsys.readouterr().out.splitlines()
    files = [folder / f"flowers-flowers.{kind}" for kind in ("service", "timer")]
    assert shown[:2] == [f"wrote {file}" for file in files]
    assert all(file.exists() for file in files)
    link = f"systemctl --user link '{files[0]}' && " if elsewhere else ""
    timer = f"'{files[1]}'" if elsewhere else files[1]
    command = f"{link}systemctl --user enable --now {timer}"
    assert shown[3] == f"The timer is not started; `{command}` starts it."
