"""The download, from a local server that responds like Google Cloud Storage."""

import base64
import hashlib
import http.server
import json
import threading
import urllib.parse

import pytest

from data import download
from data.common.errors import UsageError

FOLDER = "tfrecords-jpeg-192x192-2"
FILES = {f"flowers{number:02d}-2.tfrec": bytes([number]) * 3_000_000 for number in range(3)}


@pytest.fixture
def bucket(monkeypatch):
    """A server with two pages of files; `bucket.sent` contains the requested paths."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            if url.path.startswith("/media/"):
                self.server.sent.append(url.path)
                content = self.server.files[url.path.removeprefix("/media/")]
            else:
                assert url.path == "/storage/v1/b/flowers-public/o"
                content = self._page(urllib.parse.parse_qs(url.query))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def _page(self, query):
            assert query["prefix"] == [f"{FOLDER}/"]
            names = sorted(FILES)
            here = names[2:] if "pageToken" in query else names[:2]
            items = [
                {
                    "name": f"{FOLDER}/{name}",
                    "size": str(len(FILES[name])),
                    "md5Hash": base64.b64encode(hashlib.md5(FILES[name]).digest()).decode(),
                    "mediaLink": f"{self.server.address}/media/{name}",
                }
                for name in here
            ]
            items.append({**items[0], "name": f"{FOLDER}/LICENSE.txt"})
            more = {} if "pageToken" in query else {"nextPageToken": "more"}
            return json.dumps({"items": items, **more}).encode()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.sent, server.files = [], dict(FILES)
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(download, "ENDPOINT", server.address)
    yield server
    server.shutdown()
    server.server_close()


def test_all_pages_of_record_files_are_downloaded(bucket, tmp_path):
    paths = download.download_flowers(tmp_path / "out", 192)
    assert {path.name: path.read_bytes() for path in paths} == FILES
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)


def test_existing_files_are_downloaded_again_only_if_they_are_damaged(bucket, tmp_path):
    paths = download.download_flowers(tmp_path, 192)
    paths[1].write_bytes(b"half")
    bucket.sent.clear()
    assert download.download_flowers(tmp_path, 192) == paths
    assert bucket.sent == [f"/media/{paths[1].name}"]
    assert paths[1].read_bytes() == FILES[paths[1].name]


def test_a_damaged_download_does_not_get_the_name_of_a_record_file(bucket, tmp_path):
    name = sorted(FILES)[0]
    bucket.files[name] = FILES[name][:-1]
    with pytest.raises(UsageError, match=f"{name} was damaged"):
        download.download_flowers(tmp_path, 192)
    assert not (tmp_path / name).exists()


def test_a_missing_network_is_reported(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"cannot be read: .*Check the network"):
        download.download_flowers(tmp_path, 192)
