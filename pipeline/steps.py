"""The steps in their order: the inputs, code and summary of each."""

import importlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.fingerprint import code_fingerprint, version_of

if TYPE_CHECKING:
    from components.summary import Outputs, RunFacts, StepSummary

# Inputs that are not settings: the records, their classes, further records for the gate, and the
# curated schemas.
RECORDS = "records"
CLASSES = "classes"
EXTRA_RECORDS = "extra records"
SCHEMA = "schema"
SPAN_SCHEMA = "schema of a span"
# Before the name of a step: the fingerprint of its code, and the versions of its libraries.
CODE = "code of "
LIBRARIES = "libraries of "

_TENSORFLOW, _TFX, _BEAM = "tensorflow", "tfx", "apache-beam"
_TFT, _TFMA = "tensorflow-transform", "tensorflow-model-analysis"
_TFDV, _BSL = "tensorflow-data-validation", "tfx-bsl"


@dataclass(frozen=True)
class StepInputs:
    """What a step depends on, and who summarizes it.

    Attributes:
      summary: The module whose `summarize` reads the outputs of the step.
      own: Its settings (a section stands for all its keys), and those of the inputs above.
      after: The steps whose outputs it reads.
      waits_for: Further steps that must succeed first. Their outputs are not among its inputs, so
        they do not make it run again.
      entry: The module in which its own code begins; empty if all of its code is TFX's.
      libraries: The distributions whose code determines its outputs.
      runs_network: Whether its code includes the code of the trained network.
      each_time: Why it runs even if nothing changed; empty if it is cached then.
    """

    summary: str
    own: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    entry: str = ""
    libraries: tuple[str, ...] = ()
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
        libraries=(_TENSORFLOW, _TFX, _BEAM, "numpy", "scipy", "pandas", _TFDV, "pillow"),
    ),
    "Schema": StepInputs(summary="components.data_schema.summary", own=(SCHEMA, CLASSES)),
    "StatisticsGen": StepInputs(
        summary="components.statistics_gen.summary",
        after=("ExampleGen", "Schema"),
        libraries=(_TENSORFLOW, _TFX, _BEAM, "numpy", "pandas", "pyarrow", _TFDV, _BSL),
    ),
    "ExampleValidator": StepInputs(
        summary="components.example_validator.summary",
        after=("StatisticsGen", "Schema"),
        libraries=(_TFX, _TFDV),
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
            "trainer.strategy",
            SPAN_SCHEMA,
        ),
        after=("ExampleValidator", "StatisticsGen", "ExampleGen", "Schema"),
        entry="components.data_gate.executor",
        libraries=(_TENSORFLOW, _TFX, _BEAM, "numpy", "scipy", "pandas", _TFDV, "pillow"),
    ),
    "Transform": StepInputs(
        summary="components.transform.summary",
        own=("transform",),
        after=("ExampleGen", "Schema"),
        waits_for=("DataGate",),
        entry="components.transform.preprocessing",
        libraries=(_TENSORFLOW, _TFX, _BEAM, "numpy", "pyarrow", _TFT, _BSL),
    ),
    "Trainer": StepInputs(
        summary="components.trainer.summary",
        own=("model", "trainer"),
        after=("Transform", "ExampleGen", "Schema"),
        entry="components.trainer.run",
        libraries=(_TENSORFLOW, _TFX, "tf-keras", "numpy", "scipy", _TFT),
        runs_network=True,
    ),
    "Evaluator": StepInputs(
        summary="components.evaluator.summary",
        after=("ExampleGen", "Trainer", "Schema"),
        entry="components.evaluator.executor",
        libraries=(_TENSORFLOW, _TFX, _BEAM, "tf-keras", "numpy", "pyarrow", _TFMA, _BSL),
    ),
    "Predictions": StepInputs(
        summary="components.predictions.summary",
        own=("predictions", EXTRA_RECORDS),
        after=("ExampleGen", "Trainer"),
        entry="components.predictions.executor",
        libraries=(_TENSORFLOW, _TFX, "numpy", "pyarrow", "pillow"),
    ),
    "Gate": StepInputs(
        summary="components.gate.summary",
        own=("gate",),
        after=("Evaluator", "Predictions", "ExampleGen", "Trainer"),
        entry="components.gate.executor",
        libraries=(_TENSORFLOW, _TFX, "numpy", "scipy", "pyarrow", _TFMA),
    ),
    "ServingCheck": StepInputs(
        summary="components.serving_check.summary",
        own=("serving", "push.formats", "push.tflite", "push.tflite_max_loss"),
        after=("Trainer", "ExampleGen", "Schema"),
        waits_for=("Gate",),
        entry="components.serving_check.component",
        libraries=(_TENSORFLOW, _TFX, "tf-keras", "numpy", "scipy", _TFT, "pillow"),
        runs_network=True,
    ),
    "Pusher": StepInputs(
        summary="components.pusher.summary",
        own=("push",),
        after=("Trainer", "Gate", "ServingCheck"),
        entry="components.pusher.component",
        libraries=(_TENSORFLOW, _TFX, "numpy"),
        each_time="looks at the serving model",
    ),
}

# The last step of `flowers tune`, after those before the Trainer; no run has it.
TUNER = "Tuner"
TUNING = StepInputs(
    summary="components.tuner.summary",
    own=("model", "trainer", "tune"),
    after=("Transform", "ExampleGen", "Schema"),
    entry="components.tuner.run",
    libraries=(*STEPS["Trainer"].libraries, "keras-tuner"),
    runs_network=True,
    each_time="looks at the trials so far",
)


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
    """Returns the fingerprint of the code of each step that has its own, see `code_fingerprint`.

    Args:
      network: The value of `model.name`; the code of the other networks does not count.
    """
    own_network = f"components.trainer.models.{network}"
    return {
        name: code_fingerprint(step.entry, *([own_network] if step.runs_network else []))
        for name, step in STEPS.items()
        if step.entry
    }


def step_fingerprints(network: str, libraries: Mapping[str, str]) -> dict[str, str]:
    """Returns code and libraries of each step, for TFX's cache.

    See `code_fingerprints` for the network and `library_versions` for the libraries.
    """
    code = code_fingerprints(network)
    return {name: f"{code.get(name, '')} {libraries.get(name, '')}".strip() for name in STEPS}


def library_versions(version: Callable[[str], str] = version_of) -> dict[str, str]:
    """Returns the libraries of each step that uses any, such as `numpy 1.26.4, tfx 1.16.0`.

    Args:
      version: Returns the version of a library.
    """
    libraries = {library for step in STEPS.values() for library in step.libraries}
    versions = {library: f"{library} {version(library)}" for library in libraries}
    return {
        name: ", ".join(versions[library] for library in sorted(step.libraries))
        for name, step in STEPS.items()
        if step.libraries
    }


def steps_before_training() -> list[str]:
    """Returns the steps that prepare the data, which `flowers tune` shares with a run."""
    return list(STEPS)[: list(STEPS).index("Trainer")]


def tuner_fingerprint(networks: Collection[str], version: Callable[[str], str] = version_of) -> str:
    """Returns code and libraries of the Tuner.

    Args:
      networks: The values of `model.name` among the trials.
      version: Returns the version of a library.
    """
    modules = [f"components.trainer.models.{network}" for network in sorted(networks)]
    libraries = ", ".join(f"{name} {version(name)}" for name in sorted(TUNING.libraries))
    return f"{code_fingerprint(TUNING.entry, *modules)} {libraries}"


def summarize(step: str, outputs: "Outputs", run: "RunFacts") -> "StepSummary | None":
    """Returns the summary of a finished step; None for a task that is no step of the pipeline."""
    inputs = {**STEPS, TUNER: TUNING}.get(step)
    if inputs is None:
        return None
    summary: StepSummary = importlib.import_module(inputs.summary).summarize(outputs, run)
    return summary
