from itertools import combinations, pairwise

import matplotlib.image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.history.run import Run, Step
from pipeline.registry.lineage_picture import BOX_HEIGHT, BOX_WIDTH, draw_lineage, lay_out
from pipeline.steps import STEPS, upstream


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


def enters(box, start, end):
    """Returns whether a straight line enters the inside of a box; touching its border is allowed.

    The line is clipped to the box, which is a bit smaller than drawn (Liang and Barsky).
    """
    low, high = 0.0, 1.0
    for axis, size in enumerate((BOX_WIDTH, BOX_HEIGHT)):
        near, far = (box[axis] + sign * (size / 2 - 1e-6) for sign in (-1, 1))
        delta = end[axis] - start[axis]
        if delta == 0:
            if not near < start[axis] < far:
                return False
            continue
        first, last = sorted(((near - start[axis]) / delta, (far - start[axis]) / delta))
        low, high = max(low, first), min(high, last)
    return low < high


def crosses(first, second):
    """Returns whether two lines, each of two points, cross inside both of them."""

    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (a, b), (c, d) = first, second
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


@given(st.sets(st.sampled_from([*STEPS, "StepOfAnOldVersion"])))
def test_arrows_lead_from_box_to_box_and_cross_no_box(chosen):
    steps = [step for step in [*STEPS, "StepOfAnOldVersion"] if step in chosen]
    layout = lay_out(steps)
    assert list(layout.boxes) == steps
    for (x, y), (other_x, other_y) in combinations(layout.boxes.values(), 2):
        assert abs(x - other_x) > BOX_WIDTH or abs(y - other_y) > BOX_HEIGHT
    for (source, target), points in layout.arrows.items():
        (x, y), (end_x, end_y) = layout.boxes[source], layout.boxes[target]
        assert points[0] == (x, y - BOX_HEIGHT / 2)
        assert points[-1] == (end_x, end_y + BOX_HEIGHT / 2)
        for start, end in pairwise(points):
            assert start[1] > end[1]
            assert not any(enters(box, start, end) for box in layout.boxes.values())


def test_the_arrows_are_few_and_show_all_that_a_step_depends_on():
    arrows = lay_out(list(STEPS)).arrows
    for step in STEPS:
        reached = {step}
        for name in reversed(STEPS):
            reached |= {source for source, target in arrows if target == name and name in reached}
        assert reached == upstream([step])
    lines = [line for points in arrows.values() for line in pairwise(points)]
    # Two steps that both read the outputs of two others cannot be drawn without a crossing.
    assert sum(crosses(a, b) for a, b in combinations(lines, 2)) == 1
