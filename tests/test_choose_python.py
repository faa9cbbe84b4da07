"""`choose_python.sh` on machines with different Pythons and versions of glibc.

What a machine has is a folder of stand-ins: `uv` finds the interpreters of that folder, and
`getconf` tells the version of glibc.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SCRIPT = PROJECT / "choose_python.sh"
NEW, OLD = "2.41", "2.36"
TFX_1_16, TFX_1_21 = "TFX 1.16 with TensorFlow 2.16", "TFX 1.21 with TensorFlow 2.21"
UV = """#!/bin/sh
for wanted; do :; done
pythons=${UV_PYTHON_INSTALL_DIR:-%(pythons)s}
case $2 in
  install) %(install)s ;;
  find)
    [ -x "$wanted" ] && echo "$wanted" && exit
    [ -x "$pythons/python$wanted" ] && echo "$pythons/python$wanted" ;;
esac
"""

Result = subprocess.CompletedProcess[str]


def write_program(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def write_python(file: Path, version: str) -> None:
    write_program(file, f"#!/bin/sh\necho {version}\n")


@pytest.fixture
def choose(tmp_path: Path) -> Callable[..., Result]:
    """Returns a function that runs the script on a machine with these Pythons and this glibc."""

    def run(
        pythons: Sequence[str], glibc: str, wanted: str = "", *, network: bool = False
    ) -> Result:
        for version in pythons:
            write_python(tmp_path / "pythons" / f"python{version}", f"{version}.5")
        install = "exit 2"
        if network:
            write_python(tmp_path / "downloaded", "3.11.9")
            downloads = tmp_path / ".tools" / "python"
            install = f'mkdir -p {downloads}; cp {tmp_path}/downloaded "{downloads}/python$wanted"'
        names = {"pythons": tmp_path / "pythons", "install": install}
        write_program(tmp_path / "bin" / "uv", UV % names)
        write_program(tmp_path / "bin" / "getconf", f"#!/bin/sh\necho glibc {glibc}\n")
        return run_script(tmp_path, str(tmp_path / "bin" / "uv"), wanted)

    return run


def run_script(folder: Path, uv: str, wanted: str, **variables: str) -> Result:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", SCRIPT, uv, wanted], cwd=folder, env={**os.environ, "PATH": path, **variables},
        capture_output=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pythons", "glibc", "chosen", "line"),
    [
        (["3.11", "3.13"], NEW, "python3.11", TFX_1_16),
        (["3.11"], OLD, "python3.11", TFX_1_16),
        (["3.13"], NEW, "python3.13", TFX_1_21),
        (["3.12"], "2.39", "python3.12", TFX_1_21),
        (["3.12", "3.13"], NEW, "python3.13", TFX_1_21),
    ],
)
def test_the_line_follows_from_the_pythons_and_glibc(choose, pythons, glibc, chosen, line):
    answer = choose(pythons, glibc)
    assert answer.returncode == 0, answer.stderr
    assert Path(answer.stdout.strip()).name == chosen
    assert answer.stderr.startswith(line)
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(("pythons", "glibc"), [(["3.13"], OLD), (["3.10", "3.14"], NEW)])
def test_only_without_any_usable_python_one_is_downloaded(choose, tmp_path, pythons, glibc):
    answer = choose(pythons, glibc, network=True)
    assert answer.stdout.strip() == str(tmp_path / ".tools" / "python" / "python3.11")
    assert f"{TFX_1_16} on Python 3.11.9: downloaded" in answer.stderr
    # Without a network it is still there.
    assert choose(pythons, glibc).stdout == answer.stdout


def test_without_python_and_network_the_message_says_what_to_install(choose):
    answer = choose(["3.13"], OLD)
    assert (answer.returncode, answer.stdout) == (1, "")
    for text in (
        "Python 3.11 ",
        "Debian 12",
        "Python 3.12 or 3.13",
        "needs glibc 2.39",
        "has 2.36",
    ):
        assert text in answer.stderr


@pytest.mark.parametrize("glibc", ["2.4", "2.38"])
def test_versions_of_glibc_are_compared_as_numbers(choose, glibc):
    assert f"this machine has {glibc}" in choose(["3.12"], glibc).stderr


def test_a_wanted_python_comes_before_all_others(choose, tmp_path):
    assert choose(["3.11", "3.13"], NEW, "3.13").stdout.endswith("/python3.13\n")
    path = str(tmp_path / "pythons" / "python3.11")
    assert choose(["3.11", "3.13"], NEW, path).stdout == f"{path}\n"
    assert "PYTHON says so" in choose(["3.11"], NEW, "3.11").stderr


def test_a_wanted_python_that_is_missing_is_downloaded(choose):
    assert "PYTHON says so" in choose(["3.13"], NEW, "3.11", network=True).stderr
    refused = choose(["3.13"], NEW, "3.12")
    assert refused.returncode == 1
    assert "PYTHON=3.12: this machine has no such Python" in refused.stderr


@pytest.mark.parametrize(
    ("wanted", "glibc", "said"),
    [
        ("3.14", NEW, "PYTHON=3.14: TFX runs on Python 3.11, 3.12 and 3.13"),
        ("3.13", OLD, "needs glibc 2.39; this machine has 2.36"),
        ("/no/python", NEW, "PYTHON=/no/python is not a Python of this machine"),
    ],
)
def test_a_wanted_python_that_tfx_does_not_run_on_is_refused(choose, wanted, glibc, said):
    answer = choose(["3.11", "3.13", "3.14"], glibc, wanted)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert said in answer.stderr


def test_an_interpreter_that_needs_a_newer_glibc_is_refused(choose, tmp_path):
    answer = choose(["3.13"], OLD, str(tmp_path / "pythons" / "python3.13"))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "needs glibc 2.39; this machine has 2.36" in answer.stderr


def test_an_environment_keeps_its_line(choose, tmp_path):
    """So that a change of uv.lock does not move it to the other one."""
    write_python(tmp_path / "pythons" / "python3.13", "3.13.5")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(tmp_path / "pythons" / "python3.13")
    answer = choose(["3.11", "3.13"], NEW)
    assert answer.stdout.endswith("/pythons/python3.13\n")
    assert "the environment has it" in answer.stderr
    assert choose(["3.11", "3.13"], NEW, "3.11").stdout.endswith("/python3.11\n")


def test_uv_gives_up_when_it_cannot_reach_the_downloads(tmp_path):
    """With the real uv, and an address at which nothing listens; it finds no Python here."""
    uv = shutil.which("uv") or str(PROJECT / ".tools" / "bin" / "uv")
    if not Path(uv).exists():
        pytest.skip("uv is not installed")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        mirror = f"http://127.0.0.1:{closed.getsockname()[1]}"
        answer = run_script(
            tmp_path, uv, "3.11.3", UV_PYTHON_INSTALL_MIRROR=mirror, UV_CACHE_DIR=str(tmp_path)
        )
    assert answer.returncode == 1
    assert "it cannot be downloaded" in answer.stderr
