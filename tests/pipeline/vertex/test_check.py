import pytest

from pipeline.settings.loading import load_settings
from pipeline.vertex.check import find_vertex_problems


@pytest.mark.parametrize("config", ["vertex-tpu", "vertex-gpu"])
def test_the_shipped_configs_lack_only_project_root_and_image(find_problems, config):
    assert find_problems(config=config) == []
    missing = find_vertex_problems(load_settings(config))
    keys = ["vertex.root", "vertex.project", "vertex.image"]
    assert [problem.split(" ")[0] for problem in missing] == keys


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("vertex.root=/local/path", "vertex.root must be a gs:// path"),
        ("vertex.root=gs://", "vertex.root must be a gs:// path"),
        ("data.source=sample", "data.source must be a gs:// path"),
        ("model.weights=weights.h5", "model.weights must be a gs:// path"),
        ("vertex.project=Ab", "vertex.project must be a project id"),
        ("vertex.region=europe", "vertex.region must be a region"),
        ("vertex.service_account=me", "vertex.service_account must be NAME@"),
        ("vertex.network=default", "vertex.network must be projects/NUMBER"),
        ("vertex.labels={Team: x}", "vertex.labels: Team=x must be lower-case"),
        ("vertex.labels={1team: x}", "vertex.labels: 1team=x must be"),
        ("vertex.image=flowers", "vertex.image must be an image with a tag or digest"),
        ("vertex.image=gcr.io/p/flowers", "vertex.image must be an image with a tag or digest"),
        ("vertex.image=gcr.io/p/flowers:latest", "the tag 'latest' can change"),
        ("vertex.images={Trainer: gcr.io/p/x}", "vertex.images.Trainer must be an image"),
        ("vertex.images={Train: gcr.io/p/x:1}", "vertex.images: there is no step 'Train'"),
        ("vertex.resources={Trainer: {cpu: 2}}", "vertex.resources.Trainer has no effect"),
        ("vertex.alerts.webhook=http://chat.example/x", "vertex.alerts.webhook must be an https"),
        ("push={to: vertex-endpoint, endpoint: {name: a/b}}", "push.endpoint.name (null: name)"),
        ("push.endpoint={min_replicas: 3}", "push.endpoint.max_replicas is 1, less than"),
        ("vertex.alerts.topic=alerts", "vertex.alerts.topic must be projects/PROJECT/topics"),
        ("data.classes=null", "data.classes must list the classes"),
        ("data.spans=last 4", "data.spans is 'last 4'"),
        ("data.drift=stop", "data.drift is 'stop'"),
        ("model.warm_start=serving", "model.warm_start must be none on Vertex"),
        ("data.source=gs://b/week-{SPAN}", "week-{SPAN} may be a folder"),
        ("data.source=gs://b/{YYYY}/*", "must name a span by {SPAN}, or by all of {YYYY}"),
        ("data.source=gs://b/**", "'**' is not supported"),
    ],
)
def test_a_setting_that_would_fail_is_reported_with_its_key(find_problems, override, message):
    problems = find_problems(override)
    assert any(message in problem for problem in problems), problems


def test_all_problems_are_found_at_once(find_problems):
    assert len(find_problems("vertex.root=x", "data.classes=null", "vertex.image=x")) == 3
