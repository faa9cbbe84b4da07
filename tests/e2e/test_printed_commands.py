"""The commands that the program prints, run by a shell; paths have spaces, quotes and umlauts."""

import contextlib
import os
import random
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data import download
from data.sources import PUBLIC_SIZES
from data.synthetic import draw_flower, write_sample

PROJECT = Path(__file__).resolve().parent.parent.parent
TOY = ["transform.image_size=32", "trainer.epochs=1", "trainer.batch_size=16"]
TOY += ["gate.min_examples=1", "data.split_salt=2"]
FOLDER = "Müllers 'root' $x"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    write_sample(folder / "records", count=120, shards=1, pixels=32)
    return folder


@pytest.fixture(scope="module")
def run(flowers: Callable, base: Path) -> Callable:
    """Returns a function that runs a toy pipeline and returns the commands that it prints."""

    def run_with(target: float, code: int) -> dict[str, str]:
        settings = [part for s in (*TOY, f"gate.target={target}") for part in ("--set", s)]
        result = flowers("run", "--data", base / "records", "--root", base / FOLDER, *settings)
        assert result.code == code, result.err
        lines = [line.partition(":") for line in result.out.splitlines()]
        return {name: rest.strip() for name, _, rest in lines}

    return run_with


@pytest.fixture(scope="module")
def pushed(run: Callable) -> dict[str, str]:
    return run(target=0, code=0)


def environment() -> dict[str, str]:
    """The variables of a shell in which the commands of this Python are found."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}


def shell(command: str) -> str:
    """Runs a command as it is pasted into a shell, and returns its output."""
    done = subprocess.run(
        ["bash", "-c", command], env=environment(), capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def started(command: str) -> Iterator[subprocess.Popen[str]]:
    """Starts a server as from a shell, and ends it."""
    with subprocess.Popen(
        ["bash", "-c", f"exec {command}"], env=environment(), stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


@pytest.mark.slow
def test_try_it_answers(pushed, base):
    image = base / "ä rose.jpg"
    draw_flower("roses", random.Random(1), 32).save(image)
    assert "ä rose.jpg" in shell(pushed["Try it"].replace("IMAGE...", shlex.quote(str(image))))


@pytest.mark.slow
def test_all_runs_are_listed(pushed):
    assert "pushed" in shell(pushed["All runs"])


@pytest.mark.slow
def test_the_reasons_for_a_refusal_are_explained(pushed, run):
    assert "REFUSED" in shell(run(target=1, code=3)["Reasons"])


@pytest.mark.slow
def test_tensorboard_shows_the_curves(pushed):
    with started(f"{pushed['Curves']} --port 0") as board:
        lines = []
        for line in board.stderr:
            lines.append(line)
            if " at http" in line:
                url = line.split(" at ")[1].split()[0]
                break
        else:
            pytest.fail("".join(lines))
        with urllib.request.urlopen(f"{url}data/runs") as answer:
            assert b"train" in answer.read()


def test_the_next_command_after_a_download_names_the_folder(flowers, base, monkeypatch):
    monkeypatch.setattr(download, "download_flowers", lambda out, size: [])
    out = base / "Blumen für $x"
    size = str(PUBLIC_SIZES[0])
    result = flowers("data", "download", "flowers-public", "--out", out, "--size", size)
    assert shlex.split(result.out.splitlines()[-1])[-1] == str(out)


def test_the_next_command_after_compiling_a_job_names_the_file(flowers, base):
    out = base / "job für mich.json"
    options = ["--config", "vertex-sample", "--out", out]
    result = flowers("vertex", "compile", *options)
    assert result.code == 0, result.err
    words = shlex.split(result.out.splitlines()[-1])
    assert words[:5] == ["Next:", "flowers", "vertex", "rehearse", str(out)]


def test_a_root_without_runs_suggests_a_command_for_it(flowers, base):
    root = base / "no 'runs'"
    result = flowers("rollback", "--root", root)
    assert result.code == 2
    assert shlex.split(result.err.split("`")[1]) == ["flowers", "run", "--root", str(root)]
