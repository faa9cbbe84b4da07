"""Running a task's container: its exact command, in a process of its own.

- In the arguments `{{$}}` stands for the ExecutorInput as JSON: the input artifacts, the values of
  the parameters, an output artifact for each output with the URI where it is to be, and the path
  of `outputFile`. There the process leaves an ExecutorOutput with what it knows of its outputs.
- A container may have a `lifecycle.preCacheCheck`. That command runs first, also where the cache
  has the answer: what it leaves in `outputFile` stands for the parameters, before the cache is
  asked and again when the container reads the same file.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.vertex.rehearsal.job import Json

_INPUT = "{{$}}"


class ContainerFailed(Exception):
    """The process ended with an error."""


def executor_input(
    artifacts: Mapping[str, Json], parameters: Json, outputs: Mapping[str, Json], folder: str
) -> Json:
    """Returns an ExecutorInput.

    Args:
      artifacts: the inputs; one that is missing is an empty list to the process.
      parameters: by name.
      outputs: new artifacts, by output.
      folder: of the execution.
    """
    return {
        "inputs": {
            "artifacts": {key: {"artifacts": [a]} for key, a in artifacts.items()},
            "parameterValues": parameters,
        },
        "outputs": {
            "artifacts": {key: {"artifacts": [a]} for key, a in outputs.items()},
            "outputFile": str(Path(folder, "executor_output.json")),
        },
    }


def run_command(command: list[str], env: list[Json], given: Json, more: Mapping[str, str]) -> None:
    """Runs a command of a container, with this Python in place of the image's.

    What it prints goes where this process's own descriptors lead.

    Args:
      command: with its arguments.
      env: of the container, as `name` and `value`.
      given: the ExecutorInput.
      more: of the environment.

    Raises:
      ContainerFailed: it ended with an error.
    """
    filled = [json.dumps(given) if part == _INPUT else part for part in command]
    own = {item["name"]: item["value"] for item in env}
    run_process(filled, {**os.environ, **own, **more})


def run_process(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a command; `python` is this process's own.

    Raises:
      ContainerFailed: it ended with an error.
    """
    program = sys.executable if command[0] == "python" else command[0]
    code = subprocess.run([program, *command[1:]], env=dict(environment), check=False).returncode
    if code:
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ContainerFailed(f"{' '.join(command[:3])} ended with {how}")


def read_output(given: Json) -> Json:
    """Returns the ExecutorOutput that a process left, or nothing."""
    file = Path(given["outputs"]["outputFile"])
    output: Json = json.loads(file.read_text()) if file.exists() else {}
    return output
