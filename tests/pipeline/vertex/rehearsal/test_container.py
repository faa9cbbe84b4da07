"""Processes of containers on this machine."""

import os

from pipeline.vertex.rehearsal.container import run_process


def test_a_container_imports_the_project_beside_a_folder_of_the_same_name(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "__init__.py").write_text("raise ImportError('another project')")
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    run_process(["python", "-c", "from data.common.errors import UsageError"], environment)
