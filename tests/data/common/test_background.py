import pytest

from data.common.background import running_beside


def test_the_work_runs_until_the_context_ends_however_it_ends():
    seen = []

    def work(ended):
        seen.append("started")
        ended.wait()
        seen.append("ended")

    def fail():
        with running_beside(work):
            assert "ended" not in seen
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert seen == ["started", "ended"]
