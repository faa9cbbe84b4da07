import json

import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import standard_artifacts

from components.trainer.executor import ExpectedExamplesMixin
from data.ingestion_counts import IngestionCounts


class Recorder(BaseExecutor):
    """Stands for one of TFX's executors."""

    def Do(self, input_dict, output_dict, exec_properties):
        self.exec_properties = exec_properties


class Executor(ExpectedExamplesMixin, Recorder):
    pass


@pytest.fixture
def quarantine(tmp_path):
    splits = {"train": {"a": 5, "b": 2}, "eval": {"a": 3}, "test": {"b": 1}}
    counts = IngestionCounts(splits=splits, quarantined={"not an image": 4})
    (tmp_path / "counts.json").write_text(counts.model_dump_json())
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path)
    return [artifact]


def test_the_counts_of_example_gen_are_added_to_the_configuration(quarantine):
    config = {"settings": {"image_size": 64}, "warm_start": {}}
    given = {"custom_config": json.dumps(config), "train_args": "{}"}
    executor = Executor()
    executor.Do({"quarantine": quarantine}, {}, given)
    found = executor.exec_properties
    expected = {**config, "expected_examples": {"train": 7, "eval": 3}}
    expected["quarantine"] = quarantine[0].uri
    assert json.loads(found["custom_config"]) == expected
    assert found["train_args"] == "{}"
    assert json.loads(given["custom_config"]) == config
