"""The steps in their order: what each depends on, so that a rerun can be explained."""

from dataclasses import dataclass

from pipeline.fingerprint import code_fingerprint

# The records themselves, their classes, and the curated schemas: inputs that are no settings.
RECORDS = "records"
CLASSES = "classes"
SCHEMA = "schema"
SPAN_SCHEMA = "schema of a span"


@dataclass(frozen=True)
class StepInputs:
    """What a step depends on.

    Attributes:
      own: settings (a section stands for all its keys), RECORDS, CLASSES, SCHEMA or SPAN_SCHEMA.
      after: the steps whose outputs it reads, or waits for.
      entry: the module in which its own code begins; empty where all the code is TFX's.
      each_time: why it runs although nothing changed; empty where the cache answers then.
    """

    own: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    entry: str = ""
    each_time: str = ""


STEPS = {
    "ExampleGen": StepInputs(
        own=(
            RECORDS,
            CLASSES,
            "data.splits",
            "data.split_salt",
            "data.group_near_duplicates",
            "data.max_pixels",
            "data.broken_file",
        ),
        entry="components.example_gen.executor",
    ),
    "Schema": StepInputs(own=(SCHEMA, CLASSES)),
    "StatisticsGen": StepInputs(after=("ExampleGen", "Schema")),
    "ExampleValidator": StepInputs(after=("StatisticsGen", "Schema")),
    "DataGate": StepInputs(
        own=("data.max_bad_fraction", "data.drift", "data.drift_min_images", SPAN_SCHEMA),
        after=("ExampleValidator", "ExampleGen", "Schema"),
        entry="components.data_gate.component",
    ),
    "Transform": StepInputs(
        own=("transform",),
        after=("ExampleGen", "Schema"),
        entry="components.transform.preprocessing",
    ),
    "Trainer": StepInputs(
        own=("model", "trainer"), after=("Transform", "Schema"), entry="components.trainer.run"
    ),
    "Evaluator": StepInputs(after=("ExampleGen", "Trainer", "Schema")),
    "Gate": StepInputs(
        own=("gate",),
        after=("Evaluator", "ExampleGen", "Trainer"),
        entry="components.gate.executor",
    ),
    "ServingCheck": StepInputs(
        own=("serving",),
        after=("Trainer", "ExampleGen", "Schema"),
        entry="components.serving_check.component",
    ),
    "Pusher": StepInputs(
        own=("push",),
        after=("Trainer", "Gate", "ServingCheck"),
        entry="components.pusher.component",
        each_time="looks at what serves",
    ),
}


def downstream(step: str) -> set[str]:
    """Returns a step and all that depend on it."""
    found = {step}
    for name, inputs in STEPS.items():
        if found.intersection(inputs.after):
            found.add(name)
    return found


def code_fingerprints() -> dict[str, str]:
    """Returns the fingerprint of each step's own code, see `pipeline.fingerprint`."""
    return {name: code_fingerprint(step.entry) for name, step in STEPS.items() if step.entry}
