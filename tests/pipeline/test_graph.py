import json
from dataclasses import replace

from components.model_store.base import ServedVersion
from data import sources
from data.synthetic import CLASS_NAMES
from pipeline.graph import RunContext, create_pipeline
from pipeline.settings.loading import load_settings


def test_the_digest_of_a_weights_file_is_a_parameter_of_the_trainer():
    """TFX's cache compares the parameters of a step, not the files that they name."""
    context = RunContext(
        source=sources.resolve("sample"),
        classes=CLASS_NAMES,
        split_salt="",
        data_fingerprint="",
        root="/root",
        baseline=ServedVersion(),
        weights_digest="one",
    )

    def parameters(context):
        pipeline = create_pipeline(load_settings("quickstart"), context)
        (trainer,) = (step for step in pipeline.components if step.id == "Trainer")
        return json.loads(trainer.exec_properties["custom_config"])

    first, second = parameters(context), parameters(replace(context, weights_digest="two"))
    assert first == {**second, "weights_digest": "one"}
