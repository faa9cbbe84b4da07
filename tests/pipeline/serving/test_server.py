"""A whole server: pushes and rollbacks while it runs, health, metrics, log, and its end."""

import contextlib
import json
import logging
import os
import re
import shutil
import signal
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from components.model_store.local import LocalStore
from data.common.errors import UsageError
from pipeline.serving.limits import Limits
from pipeline.serving.logs import write_logs
from pipeline.serving.observation import access_log
from pipeline.serving.server import bind, serve_root, url_of
from tests.pipeline.colour_model import ColourModel, draw
from tests.pipeline.serving.process import serving
from tests.pipeline.serving.running import (
    PREDICT,
    Client,
    Running,
    read_answer,
    rows,
    running,
    wait_until,
)


@pytest.fixture
def copy(root, tmp_path) -> Path:
    """A root with version 1, which a test may change."""
    shutil.copytree(root / "serving" / "1", tmp_path / "serving" / "1")
    (tmp_path / "serving" / "1" / "MODEL_CARD.md").write_text("# Card of version 1")
    return tmp_path


def push(root: Path, card: str) -> int:
    """Pushes the model of version 1 once more, with another file, so that its digest differs."""
    model = root / "model"
    shutil.copytree(root / "serving" / "1", model, dirs_exist_ok=True)
    (model / "assets.extra").mkdir(exist_ok=True)
    (model / "assets.extra" / "note").write_text(card)
    return LocalStore(root / "serving").push(model, card=card).version


def version(server: Running) -> int:
    return server.get("/healthz").body["version"]


def test_a_push_a_rollback_and_the_end_of_all_versions_are_followed(copy, picture):
    with running(copy) as server:
        assert version(server) == 1
        assert push(copy, "second") == 2
        started = time.monotonic()
        wait_until(lambda: version(server) == 2)
        # It must be noticed within two seconds; loading this small model takes some of the rest.
        assert time.monotonic() - started < 20
        assert server.predict(rows(picture(0))).headers["x-model-version"] == "2"
        LocalStore(copy / "serving").withdraw_above(1)
        wait_until(lambda: version(server) == 1)
        assert server.predict(rows(picture(0))).headers["x-model-version"] == "1"
        assert (
            server.predict(rows(picture(0)), "/v1/models/flowers/versions/2:predict").status == 404
        )
        LocalStore(copy / "serving").withdraw_above(0)
        wait_until(lambda: server.get("/healthz").status == 503)
        answer = server.predict(rows(picture(0)))
        assert answer.status == 404
        assert answer.error == "Servable not found for request: Latest(flowers)"
        assert server.get("/v1/models/flowers/metadata").status == 404


def test_a_root_without_a_model_is_served_once_there_is_one(root, tmp_path, picture):
    with running(tmp_path) as server:
        assert server.predict(rows(picture(0))).status == 404
        assert server.get("/v1/models/flowers").status == 404
        health = server.get("/healthz")
        assert (health.status, health.body) == (503, {"status": "no version serves", "version": 0})
        LocalStore(tmp_path / "serving").push(root / "serving" / "1")
        wait_until(lambda: version(server) == 1)
        assert server.predict(rows(picture(0))).status == 200


def test_a_root_whose_only_version_is_damaged_is_told(copy, caplog):
    (copy / "serving" / "1" / "saved_model.pb").write_bytes(b"damaged")
    with running(copy) as server:
        assert server.get("/healthz").status == 503
        page = server.get("/").body.decode()
    expected = f"no version serves: {copy / 'serving'} has none that can be loaded"
    assert expected in caplog.messages
    assert "There is no version under this root that can be loaded." in page


def test_a_version_that_no_longer_serves_leaves_the_memory(copy, picture):
    with running(copy) as server:
        model = server.context.versions.serving()
        before = [weakref.ref(part) for part in (model, model.loaded, *model.signatures.values())]
        del model
        for _ in range(8):
            assert server.predict(rows(picture(0))).headers["x-model-version"] == "1"
        push(copy, "second")
        wait_until(lambda: version(server) == 2)
        wait_until(lambda: not any(part() for part in before), 20)


@contextlib.contextmanager
def load_of_requests(server: Running, image: bytes, clients: int = 4) -> Iterator[list]:
    """Sends requests all the time; yields a list to which each appends its status and version."""
    done, answers = threading.Event(), []

    def ask():
        with contextlib.closing(server.connect()) as connection:
            while not done.is_set():
                connection.request("POST", PREDICT, json.dumps(rows(image)))
                answer = read_answer(connection)
                answers.append((answer.status, answer.headers.get("x-model-version")))

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        done.set()
        for thread in threads:
            thread.join(60)


def test_pushes_and_rollbacks_under_load_fail_no_request(copy, picture):
    with running(copy) as server, load_of_requests(server, picture(1)) as answers:
        for card in ("second", "third"):
            newest = push(copy, card)
            wait_until(lambda newest=newest: version(server) == newest)
            LocalStore(copy / "serving").withdraw_above(1)
            wait_until(lambda: version(server) == 1)
        wait_until(lambda: answers[-1] == (200, "1"))
    assert {status for status, _ in answers} == {200}
    assert {version for _, version in answers} == {"1", "2", "3"}


def test_the_metrics_count_requests_batches_and_classes(copy, picture):
    with running(copy) as server:
        server.predict(rows(picture(0), picture(0), picture(2)))
        server.predict(b"{")
        text = server.get("/metrics").body.decode()
    values = dict(re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE))
    assert values['flowers_requests_total{endpoint="predict",status="200"}'] == "1.0"
    assert values['flowers_requests_total{endpoint="predict",status="400"}'] == "1.0"
    assert values['flowers_request_seconds_count{endpoint="predict"}'] == "2.0"
    assert values['flowers_predictions_total{label="red",version="1"}'] == "2.0"
    assert values['flowers_predictions_total{label="blue",version="1"}'] == "1.0"
    assert values['flowers_batch_images_bucket{le="2.0"}'] == "0.0"
    assert values['flowers_batch_images_bucket{le="4.0"}'] == "1.0"
    assert values['flowers_loads_total{result="succeeded"}'] == "1.0"
    assert values["flowers_version"] == "1.0"
    assert values["flowers_images_waiting"] == "0.0"
    assert float(values["process_resident_memory_bytes"]) > 0


def test_the_number_of_series_does_not_grow_with_the_paths_of_requests(server):
    def names():
        return server.get("/metrics").body.decode().count("flowers_requests_total{")

    server.get("/wrong/first")
    before = names()
    for number in range(20):
        server.get(f"/wrong/{number}")
    assert names() == before + 1


def test_each_request_is_a_line_of_json_in_the_access_log(server, picture, caplog):
    caplog.set_level(logging.INFO, "flowers.access")
    server.predict(rows(picture(0), picture(1)))
    server.get('/no"thing%0A%00here')
    # A line is written after the answer was sent.
    wait_until(lambda: "thing" in "".join(caplog.messages[-1:]))
    good, bad = map(json.loads, caplog.messages[-2:])
    assert good.pop("milliseconds") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", good.pop("time"))
    assert good == {
        "client": "127.0.0.1", "method": "POST", "path": PREDICT, "status": 200, "images": 2,
        "version": 1,
    }  # fmt: skip
    assert (bad["status"], bad["error"][:9]) == (404, "Not Found")
    assert all(message.isprintable() for message in caplog.messages)


def test_an_access_log_that_nobody_reads_any_more_ends_with_one_line(monkeypatch, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    names = ("pipeline.serving", "uvicorn.error", access_log.name)
    before = [(logging.getLogger(n), logging.getLogger(n).handlers) for n in names]
    with open(writer, "w", buffering=1, encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        try:
            write_logs()
            for _ in range(3):
                access_log.info("{}")
        finally:
            for logger, handlers in before:
                logger.handlers, logger.propagate = handlers, True
        monkeypatch.undo()
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "nobody reads the access log any more" in errors


def test_the_server_does_not_tell_which_software_it_is(server):
    assert "server" not in server.get("/healthz").headers


def test_requests_that_run_at_the_end_are_answered(copy, picture):
    with running(copy, Limits(parallel=1)) as server:
        go = threading.Event()
        server.context.batcher._threads.submit(go.wait, 20)
        with contextlib.closing(server.connect()) as connection:
            connection.request("POST", PREDICT, json.dumps(rows(picture(2))))
            wait_until(lambda: server.context.batcher.running)
            server.server.should_exit = True
            wait_until(lambda: _refuses(server))
            go.set()
            assert read_answer(connection).body["predictions"][0]["label"] == "blue"


def _refuses(server: Running) -> bool:
    try:
        socket.create_connection(server.address, timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_address_in_use_is_an_error_before_anything_is_loaded(tmp_path):
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--host 127.0.0.1 --port {port}: Address already"):
            serve_root(tmp_path, "127.0.0.1", port, "flowers", Limits())


@pytest.mark.parametrize("host", ["no.such.host.invalid", "1.2.3.4"])
def test_an_address_of_another_machine_is_an_error(tmp_path, host):
    with pytest.raises(UsageError, match=f"--host {host} --port 0: "):
        serve_root(tmp_path, host, 0, "flowers", Limits())


def test_a_root_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="there is no folder /"):
        serve_root(tmp_path / "absent", "127.0.0.1", 0, "flowers", Limits())


def test_the_url_of_an_ipv6_address_has_brackets():
    try:
        listener = bind("::1", 0)
    except UsageError:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("number", "host"),
    [(signal.SIGTERM, "127.0.0.1"), pytest.param(signal.SIGINT, "0.0.0.0", marks=pytest.mark.slow)],
)
def test_the_command_serves_until_a_signal(copy, number, host):
    with serving(copy, "--host", host) as server:
        assert server.get("/healthz").body == {"status": "ok", "version": 1}
        server.process.send_signal(number)
        assert server.process.wait(60) == 128 + number
        events = server.events.read_text(encoding="utf-8")
        assert json.loads(server.access_log.read_text(encoding="utf-8"))["path"] == "/healthz"
    assert events.endswith("stopped\n")
    warned = "is not only for this machine, and there is no authentication" in events
    assert warned == (host == "0.0.0.0")
    assert not re.search("Traceback|Warning:", events)


class Hanging(ColourModel):
    """A model that counts for years if one of its images is `hang`."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        end = tf.where(
            tf.reduce_any(image_bytes == b"hang"), tf.int64.max, tf.constant(0, tf.int64)
        )
        (count,) = tf.while_loop(lambda i: i < end, lambda i: [i + 1], [tf.constant(0, tf.int64)])
        return self._classify(tf.where(count < 0, b"", image_bytes))


@pytest.mark.slow
def test_a_model_that_hangs_is_told_by_healthz_and_does_not_keep_the_server_from_ending(tmp_path):
    model = Hanging()
    signatures = {"serving_default": model.serving_default, "serving_bytes": model.serving_bytes}
    tf.saved_model.save(model, str(tmp_path / "serving" / "1"), signatures=signatures)
    with serving(tmp_path, "--timeout", "1") as server:
        assert server.predict(rows(draw(0))).status == 200
        assert server.predict(rows(b"hang")).status == 504
        wait_until(lambda: server.get("/healthz").status == 503)
        # The other of the two threads goes on.
        assert server.predict(rows(draw(0))).status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 128 + signal.SIGTERM


class Endless(ColourModel):
    """A model that never answers, so that running it once while it is loaded does not end."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
    def serving_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        (count,) = tf.while_loop(
            lambda i: i < tf.int64.max, lambda i: [i + 1], [tf.constant(0, tf.int64)]
        )
        return self._classify(tf.where(count < 0, b"", image_bytes))


@pytest.mark.slow
def test_a_version_that_is_being_loaded_does_not_disturb_the_end(copy):
    with serving(copy) as server:
        model = Endless()
        signatures = {
            "serving_default": model.serving_default, "serving_bytes": model.serving_bytes,
        }  # fmt: skip
        tf.saved_model.save(model, str(copy / "endless"), signatures=signatures)
        (copy / "endless").rename(copy / "serving" / "2")
        wait_until(lambda: _newest_state(server) == ("2", "LOADING"))
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(60) == 128 + signal.SIGINT
        events = server.events.read_text(encoding="utf-8")
    assert events.endswith("stopped\n")


def _newest_state(server: Client) -> tuple[str, str]:
    newest = server.get("/v1/models/flowers").body["model_version_status"][0]
    return newest["version"], newest["state"]
