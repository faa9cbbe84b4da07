import pytest

from pipeline.vertex.report_location import report_link


@pytest.mark.parametrize(
    ("root", "link"),
    [
        (
            "gs://my-bucket/my flowers/",
            "https://storage.cloud.google.com/my-bucket/my%20flowers/history/f-1/report.html",
        ),
        ("/home/me/root", "/home/me/root/history/f-1/report.html"),
    ],
)
def test_a_report_in_a_bucket_is_a_link_for_the_browser(root, link):
    assert report_link(root, "f-1") == link
