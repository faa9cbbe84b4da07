"""The exit handler: Vertex AI runs it last, whether the other steps succeed or fail."""

from tfx.dsl.component.experimental.annotations import Parameter
from tfx.orchestration.kubeflow.decorators import exit_handler

from components.alert.message import create_alert
from components.alert.publish import publish
from data.common.webhook import post


@exit_handler
def Alert(
    final_status: Parameter[str],
    pipeline: Parameter[str],
    artifacts: Parameter[str],
    webhook: Parameter[str],
    topic: Parameter[str],
) -> None:
    """Sends the outcome of the job to a webhook, a topic or both; see `create_alert`.

    An empty `webhook` or `topic` is skipped. An alert that cannot be sent fails the handler.
    """
    message = create_alert(pipeline, final_status, artifacts)
    if webhook:
        post(webhook, message)
    if topic:
        publish(topic, message)
