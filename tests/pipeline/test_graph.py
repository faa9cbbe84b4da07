import json
from dataclasses import replace

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
