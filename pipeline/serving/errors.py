"""The errors with which the server answers a request."""


class RequestError(Exception):
    """A request that gets an error.

    Attributes:
      status: The status of HTTP.
      message: What is wrong, for the client.
    """

    def __init__(self, status: int, message: str):
        """Takes the status of HTTP and the message."""
        super().__init__(message)
        self.status, self.message = status, message


class RejectedInput(Exception):
    """The model cannot process an input; the message is the reason."""
