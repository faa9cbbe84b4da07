"""Sends a message to a Pub/Sub topic."""

import json
from collections.abc import Mapping
from typing import Any

_SECONDS = 120


def publish(topic: str, message: Mapping[str, Any]) -> None:
    """Sends a message as JSON, with its `outcome` as an attribute.

    The full name of the topic is `projects/PROJECT/topics/NAME`.

    Raises:
      GoogleAPICallError: The service did not accept it, after the client's own retries.
    """
    # The import takes a second and only jobs with a topic need it.
    from google.cloud import pubsub_v1

    with pubsub_v1.PublisherClient() as client:
        sent = client.publish(topic, json.dumps(message).encode(), outcome=message["outcome"])
        sent.result(timeout=_SECONDS)
