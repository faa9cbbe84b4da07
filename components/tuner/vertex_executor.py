"""The Tuner's executor on Vertex AI; a separate module because it imports Google's client."""

from tfx.extensions.google_cloud_ai_platform.trainer.executor import GenericExecutor

from components.tuner.executor import TunerExecutor


class TunerJobExecutor(GenericExecutor):
    """Starts a custom job, in which all trials run one after another, and waits for its end."""

    def _GetExecutorClass(self) -> type[TunerExecutor]:
        # TFX's executor asks for the class that runs in the job.
        return TunerExecutor
