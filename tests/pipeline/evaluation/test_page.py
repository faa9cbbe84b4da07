import json
import re

import html5lib
import pytest
from typer.testing import CliRunner

from data.features import UNCHANGED
from pipeline.cli.main import app
from pipeline.evaluation import page
from pipeline.evaluation.evaluate import evaluate
from pipeline.evaluation.labelled_images import find_labelled
from pipeline.evaluation.model import find_model


@pytest.fixture
def evaluated(root, photos):
    """An evaluation with a mistake, a seen image, hostile names, and a target that is missed."""
    images = photos(dark=[20, 60, 140], light=[200, 180])
    (images / "dark" / "140.png").rename(images / "dark" / "<script>alert(1).png")
    (images / "<b>grey").mkdir()
    (images / "<b>grey" / "1.png").write_bytes((images / "dark" / "60.png").read_bytes())
    data = find_labelled(str(images), UNCHANGED)
    return evaluate(root, data, find_model(root), target=0.9)


def test_the_report_has_the_sections_that_apply(evaluated):
    text = (evaluated.folder / "report.html").read_text(encoding="utf-8")
    for title in ("Result", "Mistakes", "Label suspects", "Classes", "Robustness"):
        assert f">{title}</h2>" in text
    assert "BELOW the target 0.900" in text
    assert "1 of them look like an image that the model has seen" in text
    assert "1 of 5 images" in text
    assert "test images" not in text
    assert re.search(r"started [\d-]{10} [\d:]{8} UTC", text)
    assert "the model has no class &lt;b&gt;grey" in text
    assert "data:image/webp" in text


def test_the_report_is_valid_and_shows_hostile_names_as_text(evaluated):
    text = (evaluated.folder / "report.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "&lt;script&gt;alert(1).png" in text
    assert "<script>alert" not in text


@pytest.mark.parametrize(("light", "said"), [([], True), ([200], False)])
def test_a_mean_over_classes_without_images_says_so(root, photos, light, said):
    data = find_labelled(str(photos(dark=[60], light=light)), UNCHANGED)
    found = evaluate(root, data, find_model(root), robustness=False)
    text = (found.folder / "report.html").read_text(encoding="utf-8")
    assert ("mean over the classes, with 0 where there is no value" in text) is said


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_report_that_cannot_be_made_does_not_fail_the_evaluation(
    root, photos, monkeypatch, options
):
    def fail(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr(page, "render", fail)
    images = str(photos(dark=[60], light=[200]))
    command = ["evaluate", images, "--root", str(root), "--no-robustness", *options]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0
    assert "Report: missing, it cannot be made: OSError: no space left" in done.output
    if options:
        assert json.loads(done.stdout)["all"]["value"] == 1
