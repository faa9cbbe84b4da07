"""`flowers doctor`: whether this machine can run the pipeline, and what to do where it can't."""

import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil
from packaging.requirements import Requirement

from data.common.formatting import format_size
from pipeline.fingerprint import version_of

# Peak of the quickstart, see BENCHMARKS.md, and some air.
_MEMORY_NEEDED = 2_000_000_000
_DISK_NEEDED = 1_000_000_000
# GLIBC of the wheels of TFX 1.16's line.
_GLIBC_NEEDED = (2, 28)
_BUCKET = "https://storage.googleapis.com/storage/v1/b/flowers-public/o?maxResults=1"
_TIMEOUT_SECONDS = 5
_LOOK_AT_TENSORFLOW = """
import json, tensorflow as tf
devices = [[d.device_type, tf.config.experimental.get_device_details(d).get("device_name", "")]
           for d in tf.config.list_physical_devices()]
print(json.dumps([tf.__version__, devices]))
"""


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes:
      state: `bad` keeps the pipeline from running; `note` does not.
      subject: what was looked at.
      found: in words.
      remedy: what to do; empty where all is well.
    """

    state: Literal["ok", "note", "bad"]
    subject: str
    found: str
    remedy: str = ""

    def format(self) -> str:
        """Returns a line, or two with the remedy."""
        line = f"{self.state:<4}  {self.subject:<10}  {self.found}"
        return f"{line}\n{'':<18}-> {self.remedy}" if self.remedy else line


def examine(root: Path) -> Iterator[Finding]:
    """Yields what was found, one by one: looking at TensorFlow takes ten seconds.

    Args:
      root: where runs are to be kept; it need not exist.
    """
    yield _python()
    yield _system()
    yield _packages()
    yield from _tensorflow()
    yield _memory()
    yield _disk(root)
    yield _network()


def _python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] == (3, 11):
        return Finding("ok", "Python", version)
    return Finding("bad", "Python", version, "put a python3.11 on PATH, then: make clean setup")


def _system() -> Finding:
    name, version = platform.libc_ver()
    found = f"{platform.system()} {platform.machine()}, {name} {version}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if name == "glibc" and numbers >= _GLIBC_NEEDED:
        return Finding("ok", "system", found)
    return Finding(
        "bad", "system", found, "use Debian 12, Ubuntu 22.04 or newer: others lack wheels"
    )


def _packages() -> Finding:
    wrong = []
    needed = [Requirement(text) for text in metadata.requires("flowers") or ()]
    for requirement in needed:
        try:
            version = version_of(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if version not in requirement.specifier:
            wrong.append(f"{requirement.name} is {version} and not {requirement.specifier}")
    if wrong:
        return Finding("bad", "packages", "; ".join(wrong), "make clean setup")
    main = ("tensorflow", "tfx", "apache-beam", "tensorflow-data-validation")
    found = ", ".join(f"{name} {version_of(name)}" for name in main)
    return Finding("ok", "packages", f"all {len(needed)} as pinned: {found}")


def _tensorflow() -> Iterator[Finding]:
    # In a process of its own: on a processor without AVX the import ends it.
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    command = [sys.executable, "-W", "ignore", "-c", _LOOK_AT_TENSORFLOW]
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1]
        yield Finding(
            "bad", "TensorFlow", f"can't be imported: {last}",
            "make clean setup; if that does not help, the processor may lack AVX",
        )  # fmt: skip
        return
    version, devices = json.loads(answer.stdout.splitlines()[-1])
    yield Finding("ok", "TensorFlow", version)
    yield _accelerators([(kind, name) for kind, name in devices if kind != "CPU"])


def _accelerators(found: list[tuple[str, str]]) -> Finding:
    cores = f"{len(os.sched_getaffinity(0))} CPU cores"
    if found:
        names = ", ".join(f"{kind} {name}".strip() for kind, name in found)
        return Finding("ok", "devices", f"{cores}, {names}")
    if Path("/dev/nvidia0").exists():
        remedy = "uv pip install 'tensorflow[and-cuda]==2.16.2', and look at nvidia-smi"
        return Finding("note", "devices", f"{cores}; a GPU that TensorFlow can't use", remedy)
    if Path("/dev/accel0").exists():
        remedy = (
            "install tensorflow-tpu==2.16.2 in place of tensorflow, "
            "-f https://storage.googleapis.com/libtpu-tf-releases/index.html"
        )
        return Finding("note", "devices", f"{cores}; a TPU that TensorFlow can't use", remedy)
    return Finding("ok", "devices", f"{cores}, no GPU or TPU")


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found = f"{format_size(memory.available)} of {format_size(memory.total)} available"
    if memory.available >= _MEMORY_NEEDED:
        return Finding("ok", "memory", found)
    return Finding(
        "bad", "memory", found, f"free some: the sample needs {format_size(_MEMORY_NEEDED)}"
    )


def _disk(root: Path) -> Finding:
    place = next(path for path in [root, *root.parents] if path.is_dir())
    free = shutil.disk_usage(place).free
    found = f"{format_size(free)} free for {root}"
    if not os.access(place, os.W_OK):
        return Finding("bad", "disk", f"{place} can't be written", "name another --root")
    if free < _DISK_NEEDED:
        remedy = f"free {format_size(_DISK_NEEDED)}, see flowers clean, or name another --root"
        return Finding("bad", "disk", found, remedy)
    return Finding("ok", "disk", found)


def _network() -> Finding:
    try:
        with urllib.request.urlopen(_BUCKET, timeout=_TIMEOUT_SECONDS):
            return Finding("ok", "network", "the bucket gs://flowers-public can be read")
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        return Finding(
            "note", "network", f"gs://flowers-public can't be reached: {reason}",
            "--data flowers-public won't work here; the sample and your own files will",
        )  # fmt: skip
