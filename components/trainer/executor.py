"""The Trainer's executor: TFX's, with ExampleGen's counts added to its configuration."""

from typing import Any

from tfx.components.trainer.executor import GenericExecutor
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import CUSTOM_CONFIG_KEY
from tfx.utils import json_utils

from components.artifacts import read_counts
from data.ingestion_counts import QUARANTINE


class ExpectedExamplesMixin(BaseExecutor):
    """Adds what ExampleGen found to `custom_config`, for any of TFX's Trainer executors.

    `expected_examples` maps `train` and `eval` to the number of examples that ExampleGen wrote;
    `run_fn` compares them with what it reads. `quarantine` is the folder of the images' hashes.
    """

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See the base class; the input `quarantine` holds the counts."""
        quarantine = artifact_utils.get_single_uri(input_dict[QUARANTINE])
        counts = read_counts(quarantine).by_split()
        # A JSON string, both for the local runner and on Vertex AI.
        config = json_utils.loads(exec_properties[CUSTOM_CONFIG_KEY])
        config["expected_examples"] = {split: counts[split] for split in ("train", "eval")}
        config[QUARANTINE] = quarantine
        properties = {**exec_properties, CUSTOM_CONFIG_KEY: json_utils.dumps(config)}
        super().Do(input_dict, output_dict, properties)


class TrainerExecutor(ExpectedExamplesMixin, GenericExecutor):
    """Trains in the process of the step."""
