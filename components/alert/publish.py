"""Sending a message to a Pub/Sub topic."""

import json
from collections.abc import Mapping
from typing import Any


def publish(topic: str, message: Mapping[str, Any]) -> None:
    """Sends JSON to a topic, `projects/PROJECT/topics/NAME`, with the outcome as an attribute.

    Raises:
      GoogleAPICallError: it was not taken, after the client's own tries.
    """
    # It is needed where a topic is set, and takes a second to import.
    from google.cloud import pubsub_v1

    with pubsub_v1.PublisherClient() as client:
        sent = client.publish(topic, json.dumps(message).encode(), outcome=message["outcome"])
        sent.result(timeout=120)
