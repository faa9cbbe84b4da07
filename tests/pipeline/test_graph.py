import json
from dataclasses import replace

from components.pusher.push import Serving
from data import sources
from data.synthetic import CLASS_NAMES
from pipeline.config import load_settings
from pipeline.graph import Place, create_pipeline


def test_other_weights_under_the_same_name_are_another_training_to_the_cache():
    """The cache sees a step's parameters: the digest of a file that they name must be one."""
    place = Place(
        source=sources.resolve("sample"),
        classes=CLASS_NAMES,
        split_salt="",
        data_fingerprint="",
        root="/root",
        serving=Serving(),
        weights_digest="one",
    )

    def parameters(place):
        pipeline = create_pipeline(load_settings("quickstart"), place)
        (trainer,) = (step for step in pipeline.components if step.id == "Trainer")
        return json.loads(trainer.exec_properties["custom_config"])

    first, second = parameters(place), parameters(replace(place, weights_digest="two"))
    assert first == {**second, "weights_digest": "one"}
