"""What Vertex runs before it looks into its cache for the gate: which model is there to compare?

    python -m components.gate.driver EXECUTOR_INPUT

`flowers run` looks what serves under its lock and hands it to the gate. Nobody does that for a
compiled job, so its gate has this `preCacheCheck`, as TFX's ExampleGen has one to find its span.
What it answers is part of the cache's key: a model is judged anew when another one serves, and an
unchanged run, whose model serves by then, finds the verdict in the cache.
"""

import json
import sys

from tfx.utils import path_utils

from components.artifacts import write_json
from components.model_store.bucket import baseline_for, model_digest
from components.pusher.settings import SCHEME, EndpointPlace


def main(executor_input: str) -> None:
    """Writes the baseline's parameters where the main container and the cache read them.

    Args:
      executor_input: the JSON of an ExecutorInput of the gate.
    """
    given = json.loads(executor_input)
    (model,) = given["inputs"]["artifacts"]["model"]["artifacts"]
    folder = given["inputs"]["parameterValues"]["baseline_path"]
    digest = model_digest(path_utils.serving_model_path(model["uri"]))
    if folder.startswith(SCHEME):
        from components.model_store import endpoint

        baseline = endpoint.baseline_for(EndpointPlace.of(folder), digest)
    else:
        baseline = baseline_for(folder, digest)
    found = {
        "baseline_version": baseline.version,
        "baseline_path": baseline.path,
        "baseline_digest": baseline.digest,
    }
    write_json({"parameterValues": found}, given["outputs"]["outputFile"])


if __name__ == "__main__":
    main(sys.argv[1])
