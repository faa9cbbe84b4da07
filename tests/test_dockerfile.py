"""The Dockerfile, held against uv.lock and .dockerignore: there is no Docker where tests run."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PYTHON = {
    a: p for p, a in re.findall(r"^FROM python:([\d.]+)\S* AS python-(\w+)$", DOCKERFILE, re.M)
}


def locked(package: str, python: str) -> str:
    """Returns the version of a package that uv.lock has for a version of Python."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    (version,) = (
        entry["version"]
        for entry in lock["package"]
        if entry["name"] == package
        and any(Marker(m).evaluate(environment) for m in entry["resolution-markers"])
    )
    return version


@pytest.mark.parametrize("accelerator", ["cpu", "gpu", "tpu"])
def test_the_worker_of_dataflow_has_the_python_and_the_beam_of_the_steps(accelerator):
    pattern = rf"^FROM apache/beam_python([\d.]+)_sdk:(\S+) AS beam-{accelerator}$"
    found = re.findall(pattern, DOCKERFILE, re.M)
    python = PYTHON[accelerator]
    assert found == [(python, locked("apache-beam", python))]


def test_the_tpu_image_has_the_tensorflow_of_its_line():
    (version,) = re.findall(r"tensorflow-tpu==(\S+)", DOCKERFILE)
    assert version == locked("tensorflow", PYTHON["tpu"])


def test_the_path_of_cuda_is_the_one_of_the_python_of_the_gpu_image():
    assert f"/opt/venv/lib/python{PYTHON['gpu']}/site-packages/nvidia" in DOCKERFILE


def test_what_is_copied_from_the_project_is_not_ignored():
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
    for name in " ".join(copies).split():
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed
