"""Runs the probe in a separate process."""

import json
import os
import subprocess
import sys
from pathlib import Path

from components.serving_check import probe
from data.common.process_output import messages

_TIMEOUT_SECONDS = 900


class ProbeDied(Exception):
    """The serving process ended without a report; the message says how."""


def run_probe(model: str, requests: Path, log: Path) -> probe.ProbeReport:
    """Sends the requests of a folder, see `probe.py`, to a SavedModel in a separate process.

    The output of the process is written to the file `log`.

    Raises:
      ProbeDied: The process failed or timed out.
    """
    result = log.with_suffix(".json")
    command = [sys.executable, "-I", probe.__file__, model, str(requests), str(result)]
    with log.open("wb") as stream:
        try:
            code = subprocess.run(
                command, env=_environment(), stdout=stream, stderr=stream,
                timeout=_TIMEOUT_SECONDS, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired as error:
            ending = f"did not end within {_TIMEOUT_SECONDS} s"
            raise ProbeDied(_message(ending, log)) from error
    if code:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ProbeDied(_message(f"died ({how})", log))
    report: probe.ProbeReport = json.loads(result.read_text(encoding="utf-8"))
    return report


def _message(ending: str, log: Path) -> str:
    """Returns how the process ended, its last activity and its last message."""
    lines = messages(log.read_text(encoding="utf-8", errors="replace"))
    prefix = probe.LOG_PREFIX
    activities = [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]
    activity = f" while {activities[-1]}" if activities else ""
    output = f": {lines[-1]}" if lines and not lines[-1].startswith(prefix) else ""
    return f"the serving process {ending}{activity}{output}"


def _environment() -> dict[str, str]:
    """Returns the environment of this process, with Keras 2 and without GPUs.

    TensorFlow reserves all memory of a GPU for the first process, which was the training.
    """
    return {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
