"""The Tuner's executor: TFX's, with ExampleGen's counts, `trials.json` and the found config."""

import tempfile
from typing import Any

from keras_tuner.errors import FatalError
from tfx.components.tuner import executor
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import CUSTOM_CONFIG_KEY, TUNER_RESULTS_KEY
from tfx.utils import json_utils

from components.artifacts import write_text
from components.trainer.executor import ExpectedExamplesMixin
from components.tuner.found_config import found_config
from components.tuner.trials import FOUND_FILE, TRIALS_FILE, Search


class SearchExecutor(executor.Executor):
    """TFX's executor, which also writes `trials.json` and `tuned.yaml`."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the search, and writes what it found to its folder and to `tuner_results`.

        Raises:
          Exception: What ended the search, not KerasTuner's error around it.
        """
        try:
            # Not TFX's temporary folder, which a custom job does not have.
            tuner = executor.search(
                input_dict, exec_properties, tempfile.mkdtemp(), print_tuning_summary=False
            )
        except FatalError as error:
            raise error.__cause__ or error from None
        executor.write_best_hyperparameters(tuner, output_dict)
        config = json_utils.loads(exec_properties[CUSTOM_CONFIG_KEY])
        results = artifact_utils.get_single_uri(output_dict[TUNER_RESULTS_KEY])
        _write(tuner.found, config, results)


class TunerExecutor(ExpectedExamplesMixin, SearchExecutor):
    """Searches in the process of the step."""


def _write(search: Search, config: dict[str, Any], results: str) -> None:
    text = found_config(search, config["config"], config["data"], config["command"])
    write_text(text, search.folder, FOUND_FILE)
    write_text(text, results, FOUND_FILE)
    write_text(search.model_dump_json(indent=2) + "\n", results, TRIALS_FILE)
