"""Sends an alert to a webhook, a Pub/Sub topic or both."""

import json
from collections.abc import Mapping
from typing import Any

from data.common.webhook import post

_PUBLISH_SECONDS = 120


def send_alert(message: Mapping[str, Any], webhook: str, topic: str) -> None:
    """Sends an alert, see `components.alert.message`; an empty `webhook` or `topic` is skipped.

    Raises:
      OSError: The webhook did not accept it, after several attempts.
      GoogleAPICallError: The topic did not accept it, after the client's own retries.
    """
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
