"""What a run does if it is not the whole pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.history.run import Run
from pipeline.settings.settings import Settings

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipeline.reporting.report import Report
    from pipeline.run_context import RunContext


@dataclass(frozen=True)
class Work:
    """The steps of a run, and what follows them.

    Attributes:
      steps: The names of the steps in their order.
      create: Returns the pipeline of these steps; it imports TFX.
      conclude: Reports that all of them have succeeded, which sets the final state of the run.
    """

    steps: Sequence[str]
    create: "Callable[[Settings, RunContext], Pipeline]"
    conclude: "Callable[[Run, Report], None]"
