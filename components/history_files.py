"""Files that a step leaves in the history: TFX deletes the outputs of a step that fails."""

import os
from collections.abc import Sequence
from typing import NoReturn

from components.artifacts import file_exists, read_json, write_json
from data.common.errors import DataRefused

REFUSAL_FILE = "refusal.json"
# Separates the id of a run from the number of an attempt, see `attempt_id`.
_ATTEMPT = "."


def attempt_id(run_id: str, attempt: int) -> str:
    """Returns TFX's pipeline run id of an attempt: TFX runs no step twice under one id."""
    return run_id if attempt == 1 else f"{run_id}{_ATTEMPT}{attempt}"


def history_folder(output_uri: str, pipeline_run_id: str | None) -> str:
    """Returns the folder of the current run in the history, `<root>/history/<run id>`.

    Args:
      output_uri: URI of any output of the step. TFX writes it to
        `<root>/artifacts/<step>/<output>/<execution>`, and Vertex AI to
        `<root>/artifacts/<project>/<job>/<step>_<number>/<output>`.
      pipeline_run_id: From the executor's context; None on Vertex AI, where the run has
        the id of the job.
    """
    root, _, path = output_uri.rstrip("/").rpartition("/artifacts/")
    run_id = pipeline_run_id.partition(_ATTEMPT)[0] if pipeline_run_id else path.split("/")[1]
    return os.path.join(root, "history", run_id)


def refuse_data(reasons: Sequence[str], step: str, folder: str) -> NoReturn:
    """Writes `refusal.json` to the run's history, see `history_folder`, and refuses the data.

    Raises:
      DataRefused: Always, with the reasons.
    """
    write_json({"step": step, "reasons": list(reasons)}, folder, REFUSAL_FILE)
    raise DataRefused("\n".join(reasons))


def read_refusal(folder: str, step: str) -> DataRefused | None:
    """Returns the refusal that a step wrote to a history folder by `refuse_data`, or None."""
    refusal = read_json(folder, REFUSAL_FILE) if file_exists(folder, REFUSAL_FILE) else {}
    return DataRefused("\n".join(refusal["reasons"])) if refusal.get("step") == step else None
