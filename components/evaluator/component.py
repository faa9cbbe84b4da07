"""TFX's Evaluator with an executor of its own."""

from tfx.components.evaluator import component
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec

from components.evaluator.executor import Executor


class Evaluator(component.Evaluator):
    """TFX's Evaluator with batches of a fixed size."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)
