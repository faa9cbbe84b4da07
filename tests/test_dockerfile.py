"""The Dockerfile, held against uv.lock and .dockerignore: there is no Docker where tests run."""

import re
from pathlib import Path

import pytest

from pipeline.compat import image_python
from pipeline.fingerprint import locked_version

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
_BASES = re.findall(r"^FROM python:([\d.]+)\S* AS python-(\w+)$", DOCKERFILE, re.M)
PYTHON = {accelerator: python for python, accelerator in _BASES}


@pytest.mark.parametrize("accelerator", ["cpu", "gpu", "tpu"])
def test_the_worker_of_dataflow_has_the_python_and_the_beam_of_the_steps(accelerator):
    pattern = rf"^FROM apache/beam_python([\d.]+)_sdk:(\S+) AS beam-{accelerator}$"
    found = re.findall(pattern, DOCKERFILE, re.M)
    python = PYTHON[accelerator]
    assert found == [(python, locked_version("apache-beam", python))]


@pytest.mark.parametrize("accelerator", ["cpu", "gpu", "tpu"])
def test_a_compiled_job_counts_on_the_python_of_the_image(accelerator):
    assert image_python(tpu=accelerator == "tpu") == PYTHON[accelerator]


def test_the_tpu_image_has_the_tensorflow_of_its_line():
    (version,) = re.findall(r"tensorflow-tpu==(\S+)", DOCKERFILE)
    assert version == locked_version("tensorflow", PYTHON["tpu"])


def test_the_path_of_cuda_is_the_one_of_the_python_of_the_gpu_image():
    assert f"/opt/venv/lib/python{PYTHON['gpu']}/site-packages/nvidia" in DOCKERFILE


def test_what_is_copied_from_the_project_is_not_ignored():
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
    for name in " ".join(copies).split():
        assert (ROOT / name).exists()
        assert f"!{name}" in allowed
