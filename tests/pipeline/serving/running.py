"""A server in a thread of this process, and requests to it."""

import base64
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.serving.context import Context
from pipeline.serving.limits import Limits
from pipeline.serving.server import Server, bind, create_context, url_of

PREDICT = "/v1/models/flowers:predict"


@dataclass(frozen=True)
class Answer:
    """The answer to a request; `body` is parsed if it is JSON."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def error(self) -> str:
        assert set(self.body) == {"error"}
        return self.body["error"]


@dataclass(frozen=True)
class Client:
    """Requests to the server at a URL."""

    url: str

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def connect(self, timeout: float = 60) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=timeout)

    def get(self, path: str, method: str = "GET") -> Answer:
        return self.send(method, path, None)

    def predict(self, body: Any, path: str = PREDICT) -> Answer:
        """Posts bytes as they are, or anything else as JSON."""
        return self.send("POST", path, body if isinstance(body, bytes) else json.dumps(body))

    def send(self, method: str, path: str, body: Any, headers: Any = None) -> Answer:
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers or {})
            return read_answer(connection)


def read_answer(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    content = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    if headers.get("content-type") == "application/json":
        content = json.loads(content)
    return Answer(response.status, content, headers)


def rows(*images: bytes, signature: str = "serving_bytes") -> dict[str, Any]:
    """Returns a request in row format."""
    instances = [{"b64": base64.b64encode(image).decode()} for image in images]
    return {"signature_name": signature, "instances": instances}


@dataclass(frozen=True)
class Running(Client):
    """A server in a thread."""

    context: Context
    server: Server


@contextlib.contextmanager
def running(root: Path, limits: Limits | None = None, name: str = "flowers") -> Iterator[Running]:
    """Runs a server of a root."""
    context = create_context(root, name, limits or Limits())
    server = Server(context)
    listener = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_until_stopped, args=[listener])
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield Running(url_of(listener), context, server)
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


def wait_until(condition: Callable[[], Any], seconds: float = 60) -> None:
    """Waits until something holds, which takes as long as the machine is busy."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)


def raw_exchange(address: tuple[str, int], sent: bytes, timeout: float = 30) -> bytes:
    """Returns everything that a server sends after some bytes, until it closes the connection."""
    received = b""
    with socket.create_connection(address, timeout=timeout) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 16):
                received += part
    return received
