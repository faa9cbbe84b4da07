"""Pub/Sub on this machine: an alert of a rehearsal is shown, and reaches nobody."""

import json
from collections.abc import Callable

import grpc
from google.pubsub_v1.types import PublishRequest, PublishResponse


class Publisher:
    """The part of Google's Publisher service that an alert calls."""

    def __init__(self, tell: Callable[[str], None]):
        """Each message becomes a line for `tell`."""
        self._tell = tell

    def publish(self, request: PublishRequest, _: grpc.ServicerContext) -> PublishResponse:
        """Publish."""
        for message in request.messages:
            text = json.loads(message.data)["text"]
            self._tell(f"alert to {request.topic}, which nobody gets: {text}")
        return PublishResponse(message_ids=[str(n) for n, _ in enumerate(request.messages)])

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns the service's methods for a gRPC server."""
        publish = grpc.unary_unary_rpc_method_handler(
            self.publish, PublishRequest.deserialize, PublishResponse.serialize
        )
        return grpc.method_handlers_generic_handler(
            "google.pubsub.v1.Publisher", {"Publish": publish}
        )
