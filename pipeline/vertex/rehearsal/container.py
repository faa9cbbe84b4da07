"""Runs a task's container: its exact command, in a process of its own.

- `{{$}}` in the arguments stands for the ExecutorInput as JSON: input artifacts, parameter values,
  an artifact with a URI for each output, and the path of `outputFile`, to which the process writes
  an ExecutorOutput with the properties of its outputs.
- A container may have a `lifecycle.preCacheCheck`. Its command runs first, even if the cache has a
  result. The parameter values that it writes to `outputFile` are part of the cache key, and the
  container reads the same file.
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
    """A process ended with an error."""


def executor_input(
    artifacts: Mapping[str, Json], parameters: Json, outputs: Mapping[str, Json], folder: str
) -> Json:
    """Returns an ExecutorInput for input and output artifacts by key; `folder` gets the output."""
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


def run_command(
    command: list[str], env: list[Json], executor_input: Json, environment: Mapping[str, str]
) -> None:
    """Runs a container's command with the current Python; stdout and stderr are inherited.

    Args:
      command: Command and arguments, in which the ExecutorInput replaces `{{$}}`.
      env: The container's variables, as objects with `name` and `value`.
      executor_input: The ExecutorInput.
      environment: Additional environment variables; they override `env`.

    Raises:
      ContainerFailed: The process ended with an error.
    """
    arguments = [json.dumps(executor_input) if part == _INPUT else part for part in command]
    variables = {item["name"]: item["value"] for item in env}
    run_process(arguments, {**os.environ, **variables, **environment})


def run_process(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs a command as `run_command` does, in this environment and with the current Python's path.

    In an image the project comes before all other packages, and the working folder has none.
    """
    program = sys.executable if command[0] == "python" else command[0]
    path = os.pathsep.join(filter(None, sys.path))
    variables = {**environment, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    code = subprocess.run([program, *command[1:]], env=variables, check=False).returncode
    if code:
        status = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise ContainerFailed(f"{' '.join(command[:3])} ended with {status}")


def read_output(executor_input: Json) -> Json:
    """Returns the ExecutorOutput that a process wrote, or an empty one."""
    file = Path(executor_input["outputs"]["outputFile"])
    output: Json = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return output
