import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pipeline.graph import create_pipeline
from pipeline.settings.loading import load_settings


def test_the_digest_of_a_weights_file_is_a_parameter_of_the_trainer(run_context):
    """TFX's cache compares the parameters of a step, not the files that they name."""

    def parameters(weights_digest):
        context = replace(run_context, weights_digest=weights_digest)
        pipeline = create_pipeline(load_settings("quickstart"), context)
        (trainer,) = (step for step in pipeline.components if step.id == "Trainer")
        return json.loads(trainer.exec_properties["custom_config"])

    first, second = parameters("one"), parameters("two")
    assert first == {**second, "weights_digest": "one"}


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["ipywidgets", "tensorflow_transform"])
def test_a_component_that_cannot_be_imported_is_an_error_with_its_cause(missing):
    """TFX and TFMA swallow ImportErrors and leave a name out, or set it to None."""
    program = f"import sys; sys.modules[{missing!r}] = None; import pipeline.graph"
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert answer.returncode == 1
    assert missing in answer.stderr.splitlines()[-1]
