import ast
import shutil
import textwrap
from importlib import metadata

import pytest

from pipeline import fingerprint
from pipeline.compat import line_of, this_python
from pipeline.fingerprint import code_fingerprint, locked_version, reachable_files, version_of
from pipeline.steps import STEPS, code_fingerprints


@pytest.fixture
def project(tmp_path, monkeypatch):
    files = {
        "components/__init__.py": "",
        "components/step/__init__.py": "",
        "components/step/run.py": "import os\nfrom components.step import helper\n",
        "components/step/helper.py": "def f():\n    from data.records import IMAGE\n",
        "components/step/other.py": "",
        "data/__init__.py": "",
        "data/records.py": "IMAGE = 'image'\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(fingerprint, "_ROOT", tmp_path)
    return tmp_path


def test_files_are_found_through_all_imports_and_no_others_are(project):
    names = [str(file.relative_to(project)) for file in reachable_files("components.step.run")]
    assert names == [
        "components/step/__init__.py",
        "components/step/helper.py",
        "components/step/run.py",
        "data/records.py",
    ]


def parsed_imports(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_every_import_of_the_project_is_found():
    for package in fingerprint._PACKAGES:
        for file in (fingerprint._ROOT / package).rglob("*.py"):
            source = file.read_bytes()
            assert set(parsed_imports(source)) <= fingerprint._imports(source), file


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        (b"import a.b as c, d", {"a.b", "d"}),
        (b"def f():\n\tfrom a import (  # why (x), how\n  b,\n  c as d,\n )", {"a", "a.b", "a.c"}),
        (b"from a import b  # c, d\nimport e.f.g", {"a", "a.b", "e.f.g"}),
        (b"important = 1\nfrom_here = 'import x'", set()),
    ],
)
def test_imports_are_read_as_python_reads_them(source, imported):
    found = fingerprint._imports(source)
    assert found == imported == set(parsed_imports(source))


@pytest.mark.parametrize(
    ("file", "changes"), [("data/records.py", True), ("components/step/other.py", False)]
)
def test_a_change_counts_where_the_step_reaches_it(project, file, changes):
    before = code_fingerprint("components.step.run")
    (project / file).write_text("CHANGED = 1\n")
    assert (code_fingerprint("components.step.run") != before) == changes


def test_no_step_before_the_trainer_reaches_the_augmentation():
    reaching = [
        name
        for name, step in STEPS.items()
        if step.entry and any("augmentation" in f.parts for f in reachable_files(step.entry))
    ]
    assert reaching[0] == "Trainer"
    trainer = {file.name for file in reachable_files("components.trainer.run")}
    assert {"image_ops.py", "mixing.py", "presets.py"} <= trainer


def test_the_summary_is_not_part_of_example_gens_code():
    reached = [file.as_posix() for file in reachable_files("components.example_gen.executor")]
    assert any(file.endswith("data/ingestion_counts.py") for file in reached)
    assert not [file for file in reached if file.endswith("/summary.py")]


def test_tensorflow_for_tpus_stands_for_tensorflow(monkeypatch):
    def version(name):
        if name == "tensorflow-tpu":
            return "2.16.2"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert version_of("tensorflow") == "2.16.2"
    with pytest.raises(metadata.PackageNotFoundError):
        version_of("tfx")


def lock(project, text):
    (project / "uv.lock").write_text(textwrap.dedent(text))


@pytest.fixture
def fresh_lock():
    """The lock file is read again before and after the test."""
    caches = (fingerprint._locked_versions, fingerprint._locked_packages)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.usefixtures("fresh_lock")
def test_a_compiled_job_gets_the_versions_of_its_image(project, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "9.9")
    lock(
        project, '[[package]]\nname = "numpy"\nversion = "1.26.4"\n[[package]]\nname = "flowers"\n'
    )
    assert (version_of("numpy"), locked_version("numpy", "3.11")) == ("9.9", "1.26.4")
    # In an image, where there is no uv.lock, the libraries are the installed ones.
    assert locked_version("scipy", "3.11") == "9.9"


@pytest.mark.usefixtures("fresh_lock")
def test_the_python_of_an_image_chooses_among_the_locked_versions(project):
    lock(
        project,
        """
        [[package]]
        name = "numpy"
        version = "1.26.4"
        resolution-markers = ["python_full_version < '3.12'"]
        [[package]]
        name = "numpy"
        version = "2.4.6"
        resolution-markers = ["python_full_version >= '3.13'", "python_full_version == '3.12.*'"]
        """,
    )
    found = {python: locked_version("numpy", python) for python in ("3.11", "3.12", "3.13")}
    assert found == {"3.11": "1.26.4", "3.12": "2.4.6", "3.13": "2.4.6"}


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_has_the_release_of_each_line(python):
    line = line_of(python)
    assert locked_version("tfx", python).startswith(f"{line.tfx}.")
    assert locked_version("tensorflow", python) == line.tensorflow


def test_this_environment_has_the_locked_versions():
    for name in ("tfx", "tensorflow", "numpy", "apache-beam"):
        assert locked_version(name, this_python()) == version_of(name)


def test_a_change_of_text_counts_nowhere(project):
    text = project / "data" / "formatting.py"
    text.write_text("def format_duration(): return 's'\n")
    (project / "data" / "records.py").write_text("from data.formatting import format_duration\n")
    before = code_fingerprint("components.step.run")
    text.write_text("def format_duration(): return 'seconds'\n")
    assert code_fingerprint("components.step.run") == before


def test_another_network_is_no_change_of_the_trained_one(monkeypatch, tmp_path):
    names = {
        step: {file.name for file in reachable_files(*entries)}
        for step, entries in (
            ("squeezenet", ["components.trainer.run", "components.trainer.models.squeezenet"]),
            ("xception", ["components.trainer.run", "components.trainer.models.xception"]),
        )
    }
    assert "squeezenet.py" in names["squeezenet"]
    assert "xception.py" not in names["squeezenet"]
    assert {"xception.py", "keras_application.py"} <= names["xception"]


def test_a_network_is_not_part_of_the_trainers_own_code():
    files = reachable_files("components.trainer.run")
    shared = {file.name for file in files if file.parent.name == "models"}
    assert shared == {"__init__.py", "classifier.py"}


def test_a_new_network_reruns_nothing_and_a_change_of_the_trained_one_does(monkeypatch, tmp_path):
    for package in ("pipeline", "components", "data"):
        sources = shutil.ignore_patterns("__pycache__", "sample")
        shutil.copytree(fingerprint._ROOT / package, tmp_path / package, ignore=sources)
    monkeypatch.setattr(fingerprint, "_ROOT", tmp_path)
    before = code_fingerprints("squeezenet")
    trainer = tmp_path / "components" / "trainer"
    (trainer / "models" / "nasnet.py").write_text(
        "def nasnet(settings, image_size, classes): ...\n"
    )
    names = trainer / "network_names.py"
    text = names.read_text()
    assert '["dense", ' in text
    names.write_text(text.replace('["dense", ', '["nasnet", "dense", '))
    assert code_fingerprints("squeezenet") == before
    with (trainer / "models" / "squeezenet.py").open("a") as file:
        file.write("CHANGED = True\n")
    after = code_fingerprints("squeezenet")
    assert {step for step in after if after[step] != before[step]} == {"Trainer", "ServingCheck"}
