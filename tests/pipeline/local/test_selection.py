import pytest

from pipeline.local.selection import Selection


@pytest.mark.parametrize(
    ("last", "included"),
    [(None, True), ("Pusher", True), ("ServingCheck", True), ("Gate", False)],
)
def test_the_steps_up_to_the_last_one_are_included(last, included):
    assert Selection(last=last).includes("ServingCheck") == included
