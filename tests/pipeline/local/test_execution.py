import os
from types import SimpleNamespace

import pytest

from pipeline.local import execution


@pytest.mark.parametrize(("set_to", "used"), [(None, "1"), ("0", "0")])
def test_a_run_turns_onednn_on_unless_the_user_decides(monkeypatch, tmp_path, set_to, used):
    def stop(root):
        raise InterruptedError

    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    if set_to:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", set_to)
    monkeypatch.setattr(execution, "own_temporary_folder", stop)
    with pytest.raises(InterruptedError):
        execution.execute(SimpleNamespace(root=tmp_path), [], {}, None, None)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == used
