"""Running the probe in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from components.serving_check import probe

_TIMEOUT_SECONDS = 900


class ProbeDied(Exception):
    """The process that served the model ended without a report; the message says how."""


def run_probe(model: str, requests: Path, log: Path) -> probe.ProbeReport:
    """Asks a model in a fresh process.

    Args:
      model: folder of the SavedModel.
      requests: folder of the requests, see `probe.py`.
      log: file that takes what the process writes.

    Raises:
      ProbeDied: it ended with an error, or did not end.
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
            raise ProbeDied(_end(f"did not end in {_TIMEOUT_SECONDS} s", log)) from error
    if code:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ProbeDied(_end(f"died ({how})", log))
    report: probe.ProbeReport = json.loads(result.read_text())
    return report


def _end(how: str, log: Path) -> str:
    """Returns how the process ended, with what it was doing and what was said last."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    doing = [line.removeprefix(probe.SAYS) for line in lines if line.startswith(probe.SAYS)]
    while_ = f" while {doing[-1]}" if doing else ""
    last = f": {lines[-1]}" if lines and not lines[-1].startswith(probe.SAYS) else ""
    return f"the process that served the model {how}{while_}{last}"


def _environment() -> dict[str, str]:
    """Returns this process's environment, with Keras 2, and without GPUs.

    TensorFlow gives all of a GPU's memory to the first process that asks, which was the training.
    """
    return {
        **os.environ,
        "TF_USE_LEGACY_KERAS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
