"""A local Pub/Sub service: an alert of a rehearsal is shown and not delivered."""

import json
from collections.abc import Callable

import grpc
from google.pubsub_v1.types import PublishRequest, PublishResponse


class Publisher:
    """The method of Google's Publisher service that an alert calls."""

    def __init__(self, show: Callable[[str], None]):
        """Sets the function that is called with a line for each message."""
        self._show = show

    def publish(self, request: PublishRequest, _: grpc.ServicerContext) -> PublishResponse:
        for message in request.messages:
            text = json.loads(message.data)["text"]
            self._show(f"alert to {request.topic} (not delivered): {text}")
        return PublishResponse(message_ids=[str(n) for n, _ in enumerate(request.messages)])

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns the handler of the service for a gRPC server."""
        publish = grpc.unary_unary_rpc_method_handler(
            self.publish, PublishRequest.deserialize, PublishResponse.serialize
        )
        return grpc.method_handlers_generic_handler(
            "google.pubsub.v1.Publisher", {"Publish": publish}
        )
