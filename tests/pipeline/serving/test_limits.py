"""The limits of a server: what is over them is refused, and nothing else suffers."""

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import ModuleType

import pytest

from components.serving_check.cases import png_bomb
from pipeline.serving import rest, try_page
from pipeline.serving.limits import Limits
from tests.pipeline.serving.running import PREDICT, Running, raw_exchange, rows, running, wait_until

LIMITS = Limits(
    body_bytes=200_000, images=8, pixels=10_000, queued=8, batch=4,
    parallel=1, timeout_s=60.0, receive_s=1.5, connections=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def limited(root) -> Iterator[Running]:
    with running(root, LIMITS) as server:
        yield server


@pytest.fixture(autouse=True)
def _still_answers(limited, picture):
    yield
    # What a test has left is still counted for a moment.
    wait_until(lambda: _answers(limited, picture(1)))
    wait_until(lambda: limited.context.bodies.held == 0)
    wait_until(lambda: limited.context.batcher.waiting == 0)


@contextlib.contextmanager
def slow_model(server: Running) -> Iterator[threading.Event]:
    """Makes the model wait for an event, by holding the thread in which it runs."""
    go = threading.Event()
    server.context.batcher._threads.submit(go.wait, 20)
    try:
        yield go
    finally:
        go.set()


def start_of_request(length: int) -> bytes:
    return f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


def test_a_body_that_announces_its_size_is_refused_before_it_is_sent(limited):
    received = raw_exchange(limited.address, start_of_request(200_001))
    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"the body is larger than 200.0 kB; send fewer images at a time" in received


def test_a_large_body_is_refused_and_the_client_can_read_why(limited):
    answer = limited.predict(b"x" * 5_000_000)
    assert (answer.status, answer.error[:35]) == (413, "the body is larger than 200.0 kB; s")


def test_a_body_without_a_size_is_refused_once_it_is_too_large(limited):
    with contextlib.closing(limited.connect()) as connection:
        parts = (b"x" * 50_000 for _ in range(8))
        connection.request(
            "POST", PREDICT, parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert connection.getresponse().status == 413


def test_a_compressed_body_is_refused(limited, picture):
    body = gzip.compress(json.dumps(rows(picture(0))).encode())
    answer = limited.send("POST", PREDICT, body, {"Content-Encoding": "gzip"})
    expected = "the body must not be encoded; Content-Encoding is gzip"
    assert (answer.status, answer.error) == (415, expected)


def test_too_many_images_are_refused(limited, picture):
    answer = limited.predict(rows(*[picture(0)] * 9))
    assert (answer.status, answer.error) == (413, "9 images, and a request may have 8")


def test_an_image_of_too_many_pixels_is_refused(limited, picture):
    answer = limited.predict(rows(picture(0), picture(0, 101, 100)))
    expected = "image 1: 10,100 pixels, and an image may have 10,000"
    assert (answer.status, answer.error) == (413, expected)
    answer = limited.predict(rows(png_bomb()))
    assert (answer.status, answer.error) == (
        400,
        "image 0: the image has more than 178,956,970 pixels",
    )


def test_images_that_are_larger_together_than_one_may_be_are_answered(limited, picture):
    answer = limited.predict(rows(*[picture(1, 90, 90)] * 8))
    assert [row["label"] for row in answer.body["predictions"]] == ["green"] * 8


def test_a_full_queue_refuses_requests(limited, picture):
    with slow_model(limited) as go, ThreadPoolExecutor(3) as pool:
        first = pool.submit(limited.predict, rows(*[picture(0)] * 4))
        wait_until(lambda: limited.context.batcher.running)
        second = pool.submit(limited.predict, rows(*[picture(1)] * 8))
        wait_until(lambda: limited.context.batcher.waiting == 8)
        refused = limited.predict(rows(picture(2)))
        go.set()
        assert (first.result().status, second.result().status) == (200, 200)
    assert (refused.status, refused.error) == (429, "8 images are waiting, and at most 8 may")
    assert refused.headers["retry-after"] == "1"


def test_a_model_that_is_too_slow_is_a_time_out_and_unhealthy(root, picture):
    with running(root, replace(LIMITS, timeout_s=1.0)) as server:
        with slow_model(server):
            answer = server.predict(rows(picture(0)))
            assert (answer.status, answer.error) == (504, "there was no answer within 1 s")
            wait_until(lambda: server.get("/healthz").status == 503)
        wait_until(lambda: server.get("/healthz").status == 200)


@contextlib.contextmanager
def slow_step(monkeypatch, module: ModuleType, name: str) -> Iterator[list]:
    """Makes a function wait until the context ends; yields a list with an item for each call."""
    go, calls, function = threading.Event(), [], getattr(module, name)

    def wait(*arguments):
        calls.append(None)
        assert go.wait(20)
        return function(*arguments)

    monkeypatch.setattr(module, name, wait)
    try:
        yield calls
    finally:
        go.set()


def test_the_time_limit_includes_reading_the_request(root, picture, monkeypatch):
    limits = replace(LIMITS, timeout_s=0.5)
    with running(root, limits) as server, slow_step(monkeypatch, rest, "parse_predict_request"):
        # Large enough for a thread.
        answer = server.predict(json.dumps(rows(picture(0))).encode() + b" " * 100_000)
        assert (answer.status, answer.error) == (504, "there was no answer within 0.5 s")


def test_the_time_limit_includes_the_conversion_of_a_photograph(root, picture, monkeypatch):
    limits = replace(LIMITS, timeout_s=0.5)
    with running(root, limits) as server:
        with slow_step(monkeypatch, try_page, "to_input_image") as conversions:
            for _ in range(4):
                answer = server.send("POST", "/classify", picture(0))
                assert (answer.status, answer.error) == (504, "there was no answer within 0.5 s")
            # Those that still run after their requests have ended count.
            assert len(conversions) == 2
        wait_until(lambda: server.send("POST", "/classify", picture(0)).status == 200)


def test_a_body_that_does_not_arrive_is_a_time_out(limited):
    with socket.create_connection(limited.address, timeout=30) as connection:
        connection.sendall(start_of_request(100) + b"{")
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"the body did not arrive within 1.5 s" in received


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:"], ids=["nothing", "headers"])
def test_headers_that_do_not_arrive_end_the_connection(limited, sent):
    with socket.create_connection(limited.address, timeout=30) as connection:
        connection.sendall(sent)
        started = time.monotonic()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
        assert time.monotonic() - started > 0.5


def test_headers_that_arrive_byte_by_byte_end_the_connection(limited):
    closed = pytest.raises((ConnectionResetError, BrokenPipeError))
    with socket.create_connection(limited.address, timeout=30) as connection, closed:
        _send_slowly(connection, b"GET / HTTP/1.1\r\nX: " + b"x" * 1000)


def _send_slowly(connection: socket.socket, content: bytes) -> None:
    for byte in content:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_a_client_that_does_not_read_its_answers_is_disconnected(root):
    # It does not wait for the model, whose time counts while an answer is being sent.
    with running(root, replace(LIMITS, timeout_s=120.0)) as server:
        connections = server.server.server_state.connections
        with contextlib.closing(socket.socket()) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            client.connect(server.address)
            wait_until(lambda: connections)
            (protocol,) = connections
            while not protocol.transport.get_write_buffer_size():
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                time.sleep(0.01)
            wait_until(lambda: not connections)


def test_endless_headers_are_refused(limited):
    received = raw_exchange(limited.address, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50_000)
    assert received.startswith(b"HTTP/1.1 400 ")


def test_too_many_bodies_at_a_time_are_refused(limited):
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            connection = stack.enter_context(socket.create_connection(limited.address))
            connection.sendall(start_of_request(200_000) + b" " * 199_990)
        wait_until(lambda: limited.context.bodies.held > 790_000)
        answer = limited.predict(b" " * 150_000)
    assert (answer.status, answer.error[:40]) == (429, "too many requests are being received; tr")


def test_idle_connections_do_not_keep_others_out_for_long(limited, picture):
    with contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(limited.address))
        wait_until(lambda: len(limited.server.server_state.connections) <= 12)
        wait_until(lambda: _answers(limited, picture(1)))


def _answers(server: Running, image: bytes) -> bool:
    try:
        return server.predict(rows(image)).status == 200
    except OSError:
        return False


def test_a_client_that_goes_away_harms_nothing(limited, picture):
    body = json.dumps(rows(picture(0))).encode()
    for _ in range(20):
        with socket.create_connection(limited.address) as connection:
            connection.sendall(start_of_request(len(body)) + body[:-5])
        with socket.create_connection(limited.address) as connection:
            connection.sendall(start_of_request(len(body)) + body)
