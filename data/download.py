"""`flowers data download`: copies the codelab's records from Google's bucket to a folder."""

import base64
import hashlib
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data.common.errors import UsageError
from data.common.progress import progress
from data.sources import FLOWERS_PUBLIC, public_folder

# The JSON API of Google Cloud Storage; public objects need no account.
ENDPOINT = "https://storage.googleapis.com"
_CHUNK_BYTES = 2**20
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class RemoteFile:
    """A file in the bucket: its name without the folder, URL, size in bytes and MD5 digest."""

    name: str
    url: str
    size: int
    md5: bytes


def download_flowers(out: Path, size: int) -> list[Path]:
    """Downloads the record files of one image size; complete files in the folder are kept.

    Each file is written under a hidden name, compared with the bucket's digest, and renamed. The
    sorted paths of the files are returned.

    Raises:
      UsageError: The bucket cannot be reached, or a file does not have the bucket's digest.
    """
    try:
        files = list(_list(public_folder(size)))
        out.mkdir(parents=True, exist_ok=True)
        progress.debug("bytes", extra={"total": sum(file.size for file in files)})
        return sorted(_fetch(file, out) for file in files)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise UsageError(
            f"gs://{FLOWERS_PUBLIC} cannot be read: {reason}. Check the network connection; the "
            "same command resumes with the missing files"
        ) from error


def _list(folder: str) -> Iterator[RemoteFile]:
    query = {"prefix": f"{folder}/", "fields": "items(name,size,md5Hash,mediaLink),nextPageToken"}
    while True:
        encoded = urllib.parse.urlencode(query)
        with _open(f"{ENDPOINT}/storage/v1/b/{FLOWERS_PUBLIC}/o?{encoded}") as page:
            answer = json.load(page)
        for item in answer.get("items", []):
            name = item["name"].rpartition("/")[2]
            if name.endswith(".tfrec"):
                digest = base64.b64decode(item["md5Hash"])
                yield RemoteFile(name, item["mediaLink"], int(item["size"]), digest)
        if "nextPageToken" not in answer:
            return
        query["pageToken"] = answer["nextPageToken"]


def _fetch(file: RemoteFile, out: Path) -> Path:
    path, unfinished = out / file.name, out / f".{file.name}.tmp"
    if path.exists() and _md5(path) == file.md5:
        progress.debug(file.name, extra={"advance": file.size})
        return path
    with _open(file.url) as answer, unfinished.open("wb") as target:
        while chunk := answer.read(_CHUNK_BYTES):
            target.write(chunk)
            progress.debug(file.name, extra={"advance": len(chunk)})
    if _md5(unfinished) != file.md5:
        raise UsageError(f"{file.name} was damaged in transit; the same command downloads it again")
    os.replace(unfinished, path)
    return path


def _open(url: str) -> "urllib.response.addinfourl":
    return urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS)


def _md5(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).digest()
