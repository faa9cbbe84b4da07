import datetime
import shutil
import subprocess
from itertools import islice
from pathlib import Path

import pytest

from data.common.errors import UsageError
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
