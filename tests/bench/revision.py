"""The `flowers` of a revision, for benchmarks that compare with it."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
# The exit codes of a run that ended: the gate may refuse the model of a short training.
ENDED = (0, 3)


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """Yields a folder with the files of a revision; it is removed afterwards."""
    git = ["git", "-C", str(PROJECT), "worktree"]
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent, revision)
        subprocess.run([*git, "add", "--quiet", "--detach", folder, revision], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)


def flowers(tree: Path, arguments: Sequence[str]) -> list[str]:
    """Returns a call of the command; it needs `environment`."""
    scripts = tomllib.loads((tree / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["flowers"].partition(":")
    return [sys.executable, "-c", f"from {module} import {function} as run; run()", *arguments]


def environment(tree: Path) -> dict[str, str]:
    """Returns the environment of a process that imports the packages of a revision."""
    return {**os.environ, "PYTHONPATH": str(tree), "TF_CPP_MIN_LOG_LEVEL": "3"}


def measured(
    tree: Path, arguments: Sequence[str], prefix: Sequence[str] = ()
) -> tuple[float, resource.struct_rusage]:
    """Runs the command, and returns its elapsed seconds and what its processes used."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [*prefix, *flowers(tree, arguments)], stdout=subprocess.DEVNULL,
        env=environment(tree), cwd=tree,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in ENDED, f"exit code {process.returncode}: {arguments} in {tree}"
    return elapsed, usage


def newest_steps(tree: Path, root: Path) -> list[dict[str, Any]]:
    """Returns the steps of the newest run of a root, as `flowers runs --json` prints them."""
    answer = subprocess.run(
        flowers(tree, ["runs", "--root", str(root), "--json"]), check=True, text=True,
        stdout=subprocess.PIPE, env=environment(tree), cwd=tree,
    )  # fmt: skip
    steps: list[dict[str, Any]] = json.loads(answer.stdout)[0]["steps"]
    return steps
