"""The exit handler: Vertex runs it last, whatever became of the other steps."""

from tfx.dsl.component.experimental.annotations import Parameter
from tfx.orchestration.kubeflow.decorators import exit_handler

from components.alert.message import job_alert
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
    """Tells how the job ended, by a webhook or a topic or both; see `message_of`.

    An empty `webhook` or `topic` is none. An alert that can't be sent fails the handler, and so is
    seen.
    """
    message = job_alert(pipeline, final_status, artifacts)
    if webhook:
        post(webhook, message)
    if topic:
        publish(topic, message)
