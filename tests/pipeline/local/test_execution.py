import os
from types import SimpleNamespace

import pytest

from pipeline.local import execution


def test_a_run_turns_onednn_on(monkeypatch, tmp_path):
    def stop(root):
        raise InterruptedError

    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    monkeypatch.setattr(execution, "own_temporary_folder", stop)
    with pytest.raises(InterruptedError):
        execution.execute(SimpleNamespace(root=tmp_path), [], {}, None, None)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
