"""What a step's summary is: each step has a `summary.py` with a function `summarize`.

`summarize(outputs, run)` reads the outputs of a finished step, also of a cached one, and returns a
StepSummary. It only reports: a step checks and decides in its own executor, which also runs on
Vertex AI.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tfx.types import Artifact

Outputs = Mapping[str, Sequence[Artifact]]


class NumberedVersion(Protocol):
    """A pushed model; `components.trainer.settings.WarmStart` provides it."""

    version: int


class RunFacts(Protocol):
    """What a summary may read of the run so far; `pipeline.history.run.Run` provides it."""

    settings: dict[str, Any]
    examples: dict[str, int]
    classes_from: str
    spans: list[str]

    @property
    def warm_start(self) -> NumberedVersion | None: ...


@dataclass(frozen=True)
class StepSummary:
    """What a finished step reports.

    Attributes:
      text: One line for the console and the history.
      values: Values for fields of `pipeline.history.run.Run`, by field name.
      details: Further lines for the console, which are shown unless the step was cached.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    details: Sequence[str] = ()


def uri_of(outputs: Outputs, key: str) -> str:
    """Returns the URI of the only artifact of an output."""
    (artifact,) = outputs[key]
    return str(artifact.uri)
