"""The driver of the gate on Vertex AI: looks up the baseline before the cache is queried.

    python -m components.gate.driver EXECUTOR_INPUT

`flowers run` looks up the serving model under its lock and passes it to the gate. A compiled job
does this in a `preCacheCheck`, as TFX's ExampleGen does to find its span. The result is part of the
cache key: a model is judged again when another one serves, and an unchanged run, whose own model
serves by then, finds the verdict in the cache.
"""

import json
import sys

from tfx.utils import path_utils

from components.artifacts import write_json
from components.model_store.base import model_digest
from components.model_store.stores import open_store


def main(executor_input: str) -> None:
    """Writes the parameters of the baseline to where the main container and the cache read them.

    The argument is the JSON of an ExecutorInput of the gate.
    """
    task = json.loads(executor_input)
    (model,) = task["inputs"]["artifacts"]["model"]["artifacts"]
    store = open_store(task["inputs"]["parameterValues"]["baseline_path"])
    baseline = store.baseline_for(model_digest(path_utils.serving_model_path(model["uri"])))
    parameters = {
        "baseline_version": baseline.version,
        "baseline_path": baseline.path,
        "baseline_digest": baseline.digest,
    }
    write_json({"parameterValues": parameters}, task["outputs"]["outputFile"])


if __name__ == "__main__":
    main(sys.argv[1])
