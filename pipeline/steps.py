"""The steps in their order: the inputs, code and summary of each."""

import importlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.fingerprint import code_fingerprint

if TYPE_CHECKING:
    from components.summary import Outputs, RunFacts, StepSummary

# Inputs that are not settings: the records, their classes, and the curated schemas.
RECORDS = "records"
CLASSES = "classes"
SCHEMA = "schema"
SPAN_SCHEMA = "schema of a span"


@dataclass(frozen=True)
class StepInputs:
    """What a step depends on, and who summarizes it.

    Attributes:
      summary: The module whose `summarize` reads the outputs of the step.
      own: Its settings (a section stands for all its keys), RECORDS, CLASSES, SCHEMA, SPAN_SCHEMA.
      after: The steps whose outputs it reads.
      waits_for: Further steps that must succeed first. Their outputs are not among its inputs, so
        they do not make it run again.
      entry: The module in which its own code begins; empty if all of its code is TFX's.
      runs_network: Whether its code includes the code of the trained network.
      each_time: Why it runs even if nothing changed; empty if it is cached then.
    """

    summary: str
    own: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    entry: str = ""
    runs_network: bool = False
    each_time: str = ""


STEPS = {
    "ExampleGen": StepInputs(
        summary="components.example_gen.summary",
        own=(
            RECORDS,
            CLASSES,
            "data.splits",
            "data.split_salt",
            "data.group_near_duplicates",
            "data.features",
            "data.max_pixels",
            "data.broken_file",
        ),
        entry="components.example_gen.executor",
    ),
    "Schema": StepInputs(summary="components.data_schema.summary", own=(SCHEMA, CLASSES)),
    "StatisticsGen": StepInputs(
        summary="components.statistics_gen.summary", after=("ExampleGen", "Schema")
    ),
    "ExampleValidator": StepInputs(
        summary="components.example_validator.summary", after=("StatisticsGen", "Schema")
    ),
    "DataGate": StepInputs(
        summary="components.data_gate.summary",
        own=(
            "data.max_bad_fraction",
            "data.few_examples",
            "data.skew",
            "data.drift",
            "data.drift_min_images",
            "trainer.batch_size",
            SPAN_SCHEMA,
        ),
        after=("ExampleValidator", "StatisticsGen", "ExampleGen", "Schema"),
        entry="components.data_gate.executor",
    ),
    "Transform": StepInputs(
        summary="components.transform.summary",
        own=("transform",),
        after=("ExampleGen", "Schema"),
        waits_for=("DataGate",),
        entry="components.transform.preprocessing",
    ),
    "Trainer": StepInputs(
        summary="components.trainer.summary",
        own=("model", "trainer"),
        after=("Transform", "ExampleGen", "Schema"),
        entry="components.trainer.run",
        runs_network=True,
    ),
    "Evaluator": StepInputs(
        summary="components.evaluator.summary", after=("ExampleGen", "Trainer", "Schema")
    ),
    "Gate": StepInputs(
        summary="components.gate.summary",
        own=("gate",),
        after=("Evaluator", "ExampleGen", "Trainer"),
        entry="components.gate.executor",
    ),
    "ServingCheck": StepInputs(
        summary="components.serving_check.summary",
        own=("serving",),
        after=("Trainer", "ExampleGen", "Schema"),
        waits_for=("Gate",),
        entry="components.serving_check.component",
        runs_network=True,
    ),
    "Pusher": StepInputs(
        summary="components.pusher.summary",
        own=("push",),
        after=("Trainer", "Gate", "ServingCheck"),
        entry="components.pusher.component",
        each_time="looks at the serving model",
    ),
}


def downstream(step: str) -> set[str]:
    """Returns a step and all steps that depend on it."""
    found = {step}
    for name, inputs in STEPS.items():
        if found.intersection(inputs.after):
            found.add(name)
    return found


def upstream(steps: Collection[str]) -> set[str]:
    """Returns steps and all steps that they depend on."""
    found = set(steps)
    for name, inputs in reversed(STEPS.items()):
        if name in found:
            found.update(inputs.after)
    return found


def code_fingerprints(network: str) -> dict[str, str]:
    """Returns the fingerprint of each step's own code, see `pipeline.fingerprint`.

    Args:
      network: The value of `model.name`; the code of the other networks does not count.
    """
    own_network = f"components.trainer.models.{network}"
    return {
        name: code_fingerprint(step.entry, *([own_network] if step.runs_network else []))
        for name, step in STEPS.items()
        if step.entry
    }


def summarize(step: str, outputs: "Outputs", run: "RunFacts") -> "StepSummary | None":
    """Returns the summary of a finished step; None for a task that is not among STEPS."""
    if step not in STEPS:
        return None
    summary: StepSummary = importlib.import_module(STEPS[step].summary).summarize(outputs, run)
    return summary
