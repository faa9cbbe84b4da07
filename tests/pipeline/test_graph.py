import json
from dataclasses import replace

from components.model_store.base import ServedVersion
from data import sources
from data.synthetic import CLASS_NAMES
from pipeline.graph import RunContext, create_pipeline
from pipeline.settings.loading import load_settings


def test_other_weights_under_the_same_name_are_another_training_to_the_cache():
    """The cache sees a step's parameters: the digest of a file that they name must be one."""
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
