"""A server under load and under attack: `flowers serve` in a process of its own."""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from components.model_store.local import LocalStore
from components.serving_check.cases import bad_examples, bad_images, odd_images
from tests.damage import damage_bytes
from tests.pipeline.colour_model import draw, save_colour_model
from tests.pipeline.serving.process import ServerProcess, serving
from tests.pipeline.serving.running import PREDICT, raw_exchange, read_answer, rows, wait_until

pytestmark = pytest.mark.long

REQUESTS, CLIENTS = 50_000, 8
# The first requests fill caches of TensorFlow and of Python.
WARM_UP = 5_000
HOSTILE_BODIES = 10_000
VERSIONS = 40


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "saved"
    save_colour_model(folder)
    return folder


@pytest.fixture
def root(model, tmp_path) -> Path:
    LocalStore(tmp_path / "serving").push(model)
    return tmp_path


@pytest.fixture
def server(root) -> Iterator[ServerProcess]:
    with serving(root) as server:
        yield server


def send_many(server: ServerProcess, count: int) -> Counter[int]:
    """Sends requests from several clients; returns how often each status was answered."""
    bodies = [json.dumps(rows(draw(number % 3, 32, 48))) for number in range(3)]

    def ask(_: int) -> Counter[int]:
        statuses: Counter[int] = Counter()
        with contextlib.closing(server.connect()) as connection:
            for number in range(count // CLIENTS):
                connection.request("POST", PREDICT, bodies[number % 3])
                statuses[read_answer(connection).status] += 1
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(ask, range(CLIENTS)), Counter())


def test_memory_stays_flat_over_many_requests(server):
    assert set(send_many(server, WARM_UP)) == {200}
    before = server.megabytes()
    statuses = send_many(server, REQUESTS)
    assert statuses == {200: REQUESTS}
    assert server.megabytes() - before < 30


def test_memory_stays_flat_over_many_versions(server, root, model, tmp_path):
    store = LocalStore(root / "serving")
    copy = tmp_path / "next"
    shutil.copytree(model, copy)

    def push(number: int) -> None:
        (copy / "number").write_text(str(number), encoding="utf-8")
        version = store.push(copy, keep=2).version
        wait_until(lambda: server.get("/healthz").body["version"] == version)

    for number in range(VERSIONS // 2):
        push(number)
    before = server.megabytes()
    for number in range(VERSIONS // 2, VERSIONS):
        push(number)
    assert server.megabytes() - before < 60


def test_pushes_and_rollbacks_under_load_fail_no_request(server, root, model, tmp_path):
    store = LocalStore(root / "serving")
    copy = tmp_path / "next"
    shutil.copytree(model, copy)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_many, server, 20_000)
        for number in range(10):
            (copy / "number").write_text(str(number), encoding="utf-8")
            version = store.push(copy).version
            wait_until(lambda version=version: server.get("/healthz").body["version"] == version)
            store.withdraw_above(1)
            wait_until(lambda: server.get("/healthz").body["version"] == 1)
        assert not sending.done(), "the load ended before the last rollback"
        assert sending.result() == {200: 20_000}


def hostile_bodies(random: Random) -> Iterator[bytes]:
    """Yields bodies without end: random bytes, damaged requests, and requests with bad images."""
    images = [*odd_images().values(), *bad_images().values()]
    examples = list(bad_examples().values())
    # The large odd images take long to decode.
    small = [image for image in images if 0 < len(image) < 20_000]
    requests = [
        *(json.dumps(rows(image)).encode() for image in small),
        *(json.dumps(rows(e, signature="serving_default")).encode() for e in examples),
        b'{"instances": [' * 200, b"[" * 900, b'{"a":' * 900, b'{"inputs": {"b64": ""}}',
        b'{"instances": [1e999, -0, NaN, Infinity]}', b'"' + b"\\ud800" * 99 + b'"', b"\0" * 9999,
    ]  # fmt: skip
    while True:
        kind = random.randrange(4)
        if kind == 0:
            yield random.randbytes(random.randrange(2000))
        elif kind == 1:
            yield damage_bytes(random, random.choice(requests))
        elif kind == 2:
            damaged = [damage_bytes(random, random.choice(small)) for _ in range(3)]
            yield json.dumps(rows(*damaged)).encode()
        else:
            yield random.choice(requests)


def test_hostile_bodies_leave_it_answering(server):
    bodies = hostile_bodies(Random(0))
    statuses: Counter[int] = Counter()
    with contextlib.closing(server.connect()) as connection:
        for _ in range(HOSTILE_BODIES):
            body = next(bodies)
            connection.request("POST", PREDICT, body)
            answer = read_answer(connection)
            statuses[answer.status] += 1
            assert answer.status in (200, 400, 413), (answer, body[:500])
            assert "predictions" in answer.body or answer.error
    assert statuses[200] > 0 < statuses[400]
    answer = server.predict(rows(draw(1)))
    assert answer.body["predictions"][0]["label"] == "green"
    assert "Traceback" not in server.events.read_text(encoding="utf-8")


def test_what_is_no_http_leaves_it_answering(server):
    random = Random(0)
    request = json.dumps(rows(draw(0))).encode()
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n\r\n".encode()
    for _ in range(1000):
        raw_exchange(server.address, damage_bytes(random, head + request))
        raw_exchange(server.address, random.randbytes(random.randrange(500)))
    assert server.predict(rows(draw(2))).body["predictions"][0]["label"] == "blue"
    assert "Traceback" not in server.events.read_text(encoding="utf-8")
