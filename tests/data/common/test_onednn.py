import os

import pytest

from data.common.onednn import ONEDNN, turn_onednn_on


@pytest.mark.parametrize(("set_to", "used"), [(None, "1"), ("0", "0")])
def test_onednn_is_on_unless_the_user_decides(monkeypatch, set_to, used):
    monkeypatch.delenv(ONEDNN)
    if set_to:
        monkeypatch.setenv(ONEDNN, set_to)
    turn_onednn_on()
    assert os.environ[ONEDNN] == used
