import matplotlib.image

from pipeline.history.run import Run, Step
from pipeline.registry.lineage import draw_lineage


def test_the_picture_shows_texts_as_they_are(tmp_path):
    """In matplotlib's own notation, both are errors."""
    run = Run(
        run_id="1", started="", state="pushed", config="", model="dense",
        settings={"data": {"source": "$\\frac$"}},
        steps=[Step(name="ExampleGen", state="done", found="$_$ rose")],
    )  # fmt: skip
    draw_lineage(run, 1, tmp_path / "lineage.png")
    assert matplotlib.image.imread(tmp_path / "lineage.png")[..., :3].min() < 0.1
