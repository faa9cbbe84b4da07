import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from data.common.webhook import post


@pytest.fixture
def hook():
    """A webhook; `answers` are the status codes of its next responses, `got` the received JSON."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.got.append(json.loads(body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.end_headers()

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/secret"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def test_a_message_is_sent_once(hook):
    post(hook.url, {"text": "pushed"})
    assert hook.got == [{"text": "pushed"}]


def test_transient_errors_are_retried(hook):
    hook.answers = [503, 429]
    post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 3


def test_permanent_errors_are_not_retried_and_errors_do_not_contain_the_secret(hook):
    hook.answers = [404]
    with pytest.raises(OSError, match="rejected the alert: HTTP Error 404") as caught:
        post(hook.url, {"text": "pushed"}, pause=0.01)
    assert len(hook.got) == 1
    assert "secret" not in str(caught.value)
    hook.answers = [500] * 9
    with pytest.raises(OSError, match="in 4 attempts"):
        post(hook.url, {"text": "pushed"}, pause=0.01)
