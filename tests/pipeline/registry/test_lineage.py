import matplotlib.image
import pytest

from pipeline.history.run import Run, Step
from pipeline.registry.lineage import draw_lineage


@pytest.fixture
def run():
    return Run(
        run_id="1", started="", state="pushed", config="c", model="dense",
        settings={"data": {"source": "薔薇/$_$/*"}}, steps=[Step(name="Gate", found="$x$ and $")],
    )  # fmt: skip


def test_a_lineage_is_drawn_whatever_its_texts_are(run, tmp_path, recwarn):
    assert draw_lineage(run, 1, tmp_path / "a.png") == ""
    assert matplotlib.image.imread(tmp_path / "a.png")[..., :3].min() < 0.1
    # A font without Japanese characters is not the user's problem.
    assert not recwarn.list


@pytest.mark.parametrize(("file", "reason"), [("no/a.png", "No such file"), ("a.x", "Format 'x'")])
def test_a_lineage_that_cannot_be_written_gives_the_reason(run, tmp_path, file, reason):
    assert reason in draw_lineage(run, 1, tmp_path / file)
