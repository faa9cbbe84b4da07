"""What the compiler knows of a job: its exit handler gets it, for the report of the job."""

from collections.abc import Sequence

from pydantic import BaseModel, JsonValue

from pipeline.history.run import Run, Step
from pipeline.local.run_inputs import SPLIT_SALT, code_inputs
from pipeline.settings.settings import Settings
from pipeline.steps import STEPS
from pipeline.vertex.image_libraries import image_libraries

# Shown instead of a webhook, which may be a secret.
_WITHHELD = "(not shown)"


class JobFacts(BaseModel):
    """What the compiler knows of a job.

    Attributes:
      settings: All settings.
      patterns: Globs of the record files, relative to the runtime parameter `data_root`.
      inputs: Code and libraries of the steps, see `pipeline.history.run.Run.inputs`.
    """

    settings: dict[str, JsonValue]
    patterns: list[str]
    inputs: dict[str, JsonValue]


def facts_of(settings: Settings, patterns: Sequence[str]) -> JobFacts:
    """Returns the facts of the job with these settings; a webhook is left out.

    `patterns` are those of the source of its records.
    """
    values = settings.model_dump(mode="json")
    if settings.vertex.alerts.webhook:
        values["vertex"]["alerts"]["webhook"] = _WITHHELD
    inputs: dict[str, JsonValue] = {
        SPLIT_SALT: settings.data.split_salt or "",
        **code_inputs(settings.model.name, image_libraries(settings.vertex)),
    }
    return JobFacts(settings=values, patterns=list(patterns), inputs=inputs)


def new_run(facts: JobFacts, job_id: str, started: str, parameters: dict[str, JsonValue]) -> Run:
    """Returns the run of a job before its first step.

    Args:
      facts: What the compiler knows.
      job_id: The id of the job.
      started: Its start, ISO 8601 with time zone.
      parameters: The values of its runtime parameters, which override settings.
    """
    settings = Settings.model_validate(facts.settings)
    values = dict(facts.settings)
    if "target" in parameters:
        values["gate"] = {**settings.gate.model_dump(mode="json"), "target": parameters["target"]}
    base = str(parameters.get("data_root", "")).rstrip("/")
    return Run(
        run_id=job_id,
        pipeline_run_id=job_id,
        started=started,
        state="running",
        config=settings.name,
        settings=values,
        inputs={**facts.inputs, **parameters},
        model=settings.model.name,
        records_location=", ".join(f"{base}/{pattern}" for pattern in facts.patterns),
        class_names=settings.data.classes or [],
        classes_from="data.classes",
        steps=[Step(name=name) for name in STEPS],
    )
