"""`make test-line`: what it refuses, and that it leaves nothing behind when it is ended."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "other_line.sh"
# It stands for the real one, whose packages take minutes: it mounts a folder and never ends.
DEBOOTSTRAP = """#!/bin/sh
for folder; do :; done
mkdir -p "$folder/proc" && mount -t proc proc "$folder/proc" && touch "$folder/mounted"
sleep 1000
"""


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **variables}


def test_a_python_that_no_debian_has_is_refused():
    run = subprocess.run(
        [SCRIPT], env=environment(PYTHON="3.12"), capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert run.stderr == "PYTHON must be 3.11 or 3.13, as in Debian 12 and 13; got 3.12.\n"


@pytest.mark.parametrize("seconds", ["-1", "100"])
def test_without_time_it_says_that_the_line_is_not_tested(tmp_path, seconds):
    """In 100 s no root of Debian can be made."""
    variables = environment(PYTHON="3.13", TIME_LIMIT=seconds, XDG_CACHE_HOME=str(tmp_path))
    run = subprocess.run([SCRIPT], env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 69
    assert run.stderr.startswith("Python 3.13 is not tested: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_leaves_neither_processes_nor_mounts(tmp_path, number):
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("only root can mount, and not in every container")
    if shutil.disk_usage(tmp_path).free < 8e9:
        pytest.skip("the script makes no root where there is no room for its packages")
    tool = tmp_path / "bin" / "debootstrap"
    tool.parent.mkdir()
    tool.write_text(DEBOOTSTRAP)
    tool.chmod(0o755)
    path = f"{tool.parent}:{os.environ['PATH']}"
    variables = environment(PYTHON="3.13", PATH=path, XDG_CACHE_HOME=str(tmp_path))
    script = subprocess.Popen([SCRIPT], env=variables)
    part = tmp_path / "flowers" / "trixie.part"
    _wait_until((part / "mounted").exists)
    script.send_signal(number)
    script.wait(60)
    _wait_until(lambda: not _commands_with(str(part)))
    assert not list((part / "proc").iterdir())


def _wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _commands_with(text: str) -> list[Path]:
    """Returns the processes with a text in their command."""
    return [file for file in Path("/proc").glob("[0-9]*/cmdline") if text in _read(file)]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # The process has ended.
        return ""
