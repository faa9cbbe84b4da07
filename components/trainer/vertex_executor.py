"""The Trainer's executor on Vertex AI; a separate module because it imports Google's client."""

from tfx.extensions.google_cloud_ai_platform.trainer.executor import GenericExecutor

from components.trainer.executor import ExpectedExamplesMixin


class CustomJobExecutor(ExpectedExamplesMixin, GenericExecutor):
    """Starts a custom job, in which TFX's own executor trains, and waits for its end."""
