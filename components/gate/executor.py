"""The executor of the gate: counts, judges, and writes verdict and blessing."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as evaluator_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.artifacts import read_counts, write_json, write_text
from components.evaluator.evaluation import Accuracy, read_accuracy
from components.gate.baseline import Comparison, find_comparison
from components.gate.baseline_table import baseline_writer
from components.gate.batches import Batch, read_batches
from components.gate.extra import count_extra
from components.gate.judge import judge
from components.gate.metrics import Tally
from components.gate.settings import GateSettings
from components.gate.verdict import METRICS_FILE, VERDICT_FILE, Verdict, format_verdict
from components.image_hashes import read_hashes
from components.model_store.base import ServedVersion, model_digest
from components.predictions.table import read_class_names
from components.properties import VERDICT_PROPERTY
from data.common.progress import progress
from data.ingestion_counts import IngestionCounts, check_examples

# The version of a baseline that `components.gate.driver` has yet to look up.
UNKNOWN = -1


class Executor(evaluator_executor.Executor):
    """Blesses or refuses a model.

    It subclasses Evaluator's executor and has the output key `blessing`, because only then TFX's
    entry point on Vertex AI turns `current_model_id` into a resource name.
    """

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Judges the model of `input_dict`; see `components.gate.judge` for the rules.

        Raises:
          CountMismatch: TFMA saw another number of test examples than ExampleGen wrote.
          RuntimeError: TFMA and the predictions disagree, or the driver did not run.
        """
        if exec_properties["baseline_version"] == UNKNOWN:
            raise RuntimeError("the baseline is unknown: the driver of the gate did not run")
        settings = GateSettings(
            **json.loads(exec_properties["settings"]), target=exec_properties["target"]
        )
        model = artifact_utils.get_single_instance(input_dict["model"])
        path = path_utils.serving_model_path(model.uri)
        examples = artifact_utils.get_single_uri(input_dict["examples"])
        predictions = artifact_utils.get_single_uri(input_dict["predictions"])
        quarantine = artifact_utils.get_single_uri(input_dict["quarantine"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        digest, class_names = model_digest(path), read_class_names(predictions)
        comparison = find_comparison(
            _serving_version(exec_properties),
            digest,
            class_names,
            read_hashes(quarantine)["test"],
            settings.min_examples,
        )
        tally = Tally(class_names, settings.top_k)
        with _baseline_writer(blessing.uri, comparison) as write:
            for batch in read_batches(predictions, examples, comparison, settings.slices):
                tally.add(batch)
                write(batch)
        accuracy = read_accuracy(artifact_utils.get_single_uri(input_dict["evaluation"]))
        check_counts(accuracy, tally, read_counts(quarantine))
        extra = count_extra(predictions) if settings.extra_data else None
        verdict = replace(judge(tally, settings, comparison, extra), digest=digest)
        write_json(tally.metrics(), blessing.uri, METRICS_FILE)
        _write_blessing(blessing, verdict, model, exec_properties["baseline_path"])


def check_counts(accuracy: Accuracy, tally: Tally, counts: IngestionCounts) -> None:
    """Checks that TFMA and the gate saw all test examples and agree on the correct ones.

    They may disagree on near ties of the two best probabilities, because they predict in batches of
    other sizes, which round differently.

    Raises:
      CountMismatch: TFMA saw another number of test examples than ExampleGen wrote.
      RuntimeError: TFMA and the predictions disagree on more examples.
    """
    check_examples("Evaluator", {"test": accuracy.examples}, counts.by_split())
    different = abs(accuracy.correct - tally.correct)
    if different and different <= tally.near_ties and accuracy.examples == tally.examples:
        progress.info(
            "TFMA counts %d test images as correct, the gate %d: rounding decides %d near ties",
            accuracy.correct, tally.correct, tally.near_ties,
        )  # fmt: skip
    elif accuracy != (tally.correct, tally.examples):
        raise RuntimeError(
            f"TFMA counted {accuracy.correct} of {accuracy.examples} test examples as correct, and "
            f"the table of predictions {tally.correct} of {tally.examples}"
        )


def _serving_version(exec_properties: dict[str, Any]) -> ServedVersion:
    return ServedVersion(
        exec_properties["baseline_version"],
        exec_properties["baseline_path"],
        exec_properties["baseline_digest"],
    )


@contextmanager
def _baseline_writer(folder: str, comparison: Comparison) -> Iterator[Callable[[Batch], None]]:
    """Yields a function that writes the baseline's answers; without a baseline it does nothing."""
    if comparison.model is None:
        yield lambda batch: None
        return
    with baseline_writer(folder, comparison.model.class_names) as write:
        yield lambda batch: write({"id": batch.ids, "probabilities": batch.compared_answers()})


def _write_blessing(
    blessing: types.Artifact, verdict: Verdict, model: types.Artifact, baseline_path: str
) -> None:
    """Writes the verdict, and the properties that Pusher and TFX's resolvers read."""
    write_json(asdict(verdict), blessing.uri, VERDICT_FILE)
    file = constants.BLESSED_FILE_NAME if verdict.blessed else constants.NOT_BLESSED_FILE_NAME
    write_text("", blessing.uri, file)
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(verdict.blessed))
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, model.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, model.id)
    # For readers of the artifact without its files, such as Vertex AI's console.
    blessing.set_string_custom_property(VERDICT_PROPERTY, format_verdict(verdict))
    if verdict.baseline:
        blessing.set_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY, baseline_path
        )
