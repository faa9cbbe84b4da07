"""`flowers doctor`: checks whether this machine can run the pipeline, and suggests remedies."""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil
from packaging.requirements import Requirement

from components.trainer.tpu_devices import tpu_files
from data.common.cores import available_cores
from data.common.formatting import format_size
from data.common.process_output import messages
from pipeline.compat import LINES, install_command, line_of, this_python
from pipeline.fingerprint import locked_version, version_of

# The peak of the quickstart with a margin, see BENCHMARKS.md.
_MEMORY_NEEDED = 2_000_000_000
_DISK_NEEDED = 1_000_000_000
_BUCKET = "https://storage.googleapis.com/storage/v1/b/flowers-public/o?maxResults=1"
_TIMEOUT_SECONDS = 5
_TENSORFLOW_PROBE = """
import json, tensorflow as tf
devices = [[d.device_type, tf.config.experimental.get_device_details(d).get("device_name", "")]
           for d in tf.config.list_physical_devices()]
print(json.dumps([tf.__version__, devices]))
"""


@dataclass(frozen=True)
class Finding:
    """The result of one check: its state, its subject, what was found, and a remedy.

    The state is `bad` if the pipeline cannot run, `note` for a limitation, else `ok`.
    """

    state: Literal["ok", "note", "bad"]
    subject: str
    found: str
    remedy: str = ""

    def format(self) -> str:
        """Returns one line, and a second one if there is a remedy."""
        line = f"{self.state:<4}  {self.subject:<10}  {self.found}"
        return f"{line}\n{'':<18}-> {self.remedy}" if self.remedy else line


def examine(root: Path) -> Iterator[Finding]:
    """Yields the result of each check as soon as it is known; TensorFlow takes ten seconds.

    The root of future runs need not exist.
    """
    yield _python()
    yield _system()
    yield _packages()
    yield from _tensorflow()
    yield _memory()
    yield _disk(root)
    yield _network()


def _python() -> Finding:
    version, line = platform.python_version(), line_of(this_python())
    if line:
        return Finding("ok", "Python", f"{version}, the line of {line.name}")
    allowed = ", or ".join(
        f"{' or '.join(line.pythons)} with glibc {line.glibc_text}" for line in LINES
    )
    return Finding("bad", "Python", version, f"install Python {allowed}, then: make clean setup")


def _system() -> Finding:
    name, version = platform.libc_ver()
    found = f"{platform.system()} {platform.machine()}, {name} {version}"
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    line = line_of(this_python()) or LINES[0]
    if name == "glibc" and numbers >= line.glibc:
        return Finding("ok", "system", found)
    older = next((line for line in LINES if name == "glibc" and numbers >= line.glibc), None)
    if older:
        remedy = f"{install_command(older.pythons[-1])}, for {older.name}"
    else:
        remedy = f"use {line.systems}, or newer: {line.name} needs glibc {line.glibc_text}"
    return Finding("bad", "system", found, remedy)


def _packages() -> Finding:
    wrong = []
    required = [Requirement(text) for text in metadata.requires("flowers") or ()]
    # Those of the other line and of the extras are not for this environment.
    needed = [r for r in required if not r.marker or r.marker.evaluate({"extra": ""})]
    for requirement in needed:
        try:
            version = version_of(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        locked = locked_version(requirement.name, this_python())
        if version != locked:
            wrong.append(f"{requirement.name} is {version}, not {locked}")
        elif version not in requirement.specifier:
            wrong.append(f"{requirement.name} is {version}, not {requirement.specifier}")
    if wrong:
        return Finding("bad", "packages", "; ".join(wrong), install_command())
    main = ("tensorflow", "tfx", "apache-beam", "tensorflow-data-validation")
    found = ", ".join(f"{name} {version_of(name)}" for name in main)
    return Finding("ok", "packages", f"all {len(needed)} as locked: {found}")


def _tensorflow() -> Iterator[Finding]:
    # In a child process, because the import crashes on a processor without AVX.
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_USE_LEGACY_KERAS": "1"}
    # Like `flowers`, without the modules of the current folder.
    command = [sys.executable, "-P", "-W", "ignore", "-c", _TENSORFLOW_PROBE]
    answer = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False)
    if answer.returncode:
        last = (messages(answer.stderr) or [f"exit code {answer.returncode}"])[-1]
        yield Finding(
            "bad", "TensorFlow", f"cannot be imported: {last}",
            f"{install_command()}; if that does not help, the processor may lack AVX",
        )  # fmt: skip
        return
    version, devices = json.loads(answer.stdout.splitlines()[-1])
    yield Finding("ok", "TensorFlow", version)
    yield _accelerators([(kind, name) for kind, name in devices if kind != "CPU"])


def _accelerators(found: list[tuple[str, str]]) -> Finding:
    cores = f"{available_cores()} CPU cores"
    if found:
        names = ", ".join(f"{kind} {name}".strip() for kind, name in found)
        return Finding("ok", "devices", f"{cores}, {names}")
    if Path("/dev/nvidia0").exists():
        version = version_of("tensorflow")
        remedy = f"uv pip install 'tensorflow[and-cuda]=={version}', and check nvidia-smi"
        return Finding("note", "devices", f"{cores}; a GPU that TensorFlow cannot use", remedy)
    if chips := tpu_files():
        return _tpu(chips, cores)
    return Finding("ok", "devices", f"{cores}, no GPU or TPU")


def _tpu(chips: list[Path], cores: str) -> Finding:
    """Returns what TensorFlow lacks for a TPU: its build for it, the right to open it, or nothing.

    TensorFlow lists a TPU only once it is initialized, which would keep others from using it.
    """
    found = f"{cores}, TPU with {len(chips)} chips ({chips[0]}, ...)"
    if importlib.util.find_spec("libtpu") is None:
        return Finding("note", "devices", f"{found}, which TensorFlow cannot use", _tpu_remedy())
    closed = [str(chip) for chip in chips if not os.access(chip, os.R_OK | os.W_OK)]
    if closed:
        return Finding(
            "note", "devices", f"{found}; this user may not open {', '.join(closed)}",
            "run as root, or give the user access to these files",
        )  # fmt: skip
    return Finding("ok", "devices", found)


def _tpu_remedy() -> str:
    line = line_of(this_python())
    if line and line.has_tpu:
        page = "https://storage.googleapis.com/libtpu-tf-releases/index.html"
        return f"install tensorflow-tpu=={line.tensorflow} instead of tensorflow, -f {page}"
    with_tpu = next(line for line in LINES if line.has_tpu)
    command = install_command(with_tpu.pythons[-1])
    return f"{command}: only {with_tpu.name} has a build for TPUs"


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    found = f"{format_size(memory.available)} of {format_size(memory.total)} available"
    if memory.available >= _MEMORY_NEEDED:
        return Finding("ok", "memory", found)
    return Finding(
        "bad", "memory", found, f"free some memory: the sample needs {format_size(_MEMORY_NEEDED)}"
    )


def _disk(root: Path) -> Finding:
    folder = next(path for path in [root, *root.parents] if path.is_dir())
    free = shutil.disk_usage(folder).free
    found = f"{format_size(free)} free for {root}"
    if not os.access(folder, os.W_OK):
        return Finding("bad", "disk", f"{folder} cannot be written", "name another --root")
    if free < _DISK_NEEDED:
        remedy = f"free {format_size(_DISK_NEEDED)} (see flowers clean), or name another --root"
        return Finding("bad", "disk", found, remedy)
    return Finding("ok", "disk", found)


def _network() -> Finding:
    try:
        with urllib.request.urlopen(_BUCKET, timeout=_TIMEOUT_SECONDS):
            return Finding("ok", "network", "the bucket gs://flowers-public can be read")
    except OSError as error:
        reason = getattr(error, "reason", error)
        return Finding(
            "note", "network", f"gs://flowers-public cannot be reached: {reason}",
            "--data flowers-public does not work; the sample and your own files will",
        )  # fmt: skip
