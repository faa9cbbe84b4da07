"""The exit handler: Vertex AI runs it last, whether the other steps succeed or fail."""

import json
from collections.abc import Mapping
from typing import Any

from tfx.dsl.component.experimental.annotations import Parameter
from tfx.orchestration.kubeflow.decorators import exit_handler

from components.alert.message import create_alert
from data.common.webhook import post

_PUBLISH_SECONDS = 120


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


def publish(topic: str, message: Mapping[str, Any]) -> None:
    """Sends a message as JSON to a Pub/Sub topic, with its `outcome` as an attribute.

    The full name of the topic is `projects/PROJECT/topics/NAME`.

    Raises:
      GoogleAPICallError: The service did not accept it, after the client's own retries.
    """
    # The import takes a second and only jobs with a topic need it.
    from google.cloud import pubsub_v1

    with pubsub_v1.PublisherClient() as client:
        sent = client.publish(topic, json.dumps(message).encode(), outcome=message["outcome"])
        sent.result(timeout=_PUBLISH_SECONDS)
