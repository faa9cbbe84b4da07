"""What a person does on the page of a server."""

import itertools
from collections.abc import Iterator

import html5lib
import pytest
from PIL import Image

from components.model_store.local import LocalStore
from tests.browser.browser import Page, texts
from tests.pipeline.colour_model import draw, save_colour_model
from tests.pipeline.serving.running import Running, running, wait_until

CARD = """# Model card

- data: {data}
- classes: red, \\<script\\>alert(1)\\</script\\>, <b>bold</b> and ![i](http://127.0.0.1:9/x.png)

| class | test images | precision | recall (95 % interval) | F1 |
|---|---|---|---|---|
| red | 100 | 0.950 | 0.940 (0.900 to 0.960) | 0.945 |

## Limits

- It sees only colours, not [the rest](javascript:alert(1)).
"""
TAB = "\ue004"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("served")
    save_colour_model(root / "model")
    LocalStore(root / "serving").push(root / "model", card=CARD.format(data="photographs/"))
    return root


@pytest.fixture(scope="module")
def server(browser, root) -> Iterator[Running]:
    with running(root) as server:
        yield server


@pytest.fixture
def page(browser, server) -> Page:
    return Page(browser, f"{server.url}/")


@pytest.fixture
def photographs(tmp_path):
    """Files: green as PNG, blue as WebP, and one that is not an image."""
    (tmp_path / "green.png").write_bytes(draw(1, 40, 60))
    Image.new("RGB", (60, 40), "blue").save(tmp_path / "blue.webp", lossless=True)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    return tmp_path


def choose(page: Page, file) -> None:
    page.select("#choose")[0].send_keys(str(file))
    wait_until(lambda: "Classifying" not in answer(page) != "")


def answer(page: Page) -> str:
    return page.select("#answer")[0].text


def bars(page: Page) -> list[tuple[str, int]]:
    """Returns the classes with the widths of their bars."""
    names = texts(page.select("#bars th"))
    return list(zip(names, [bar.size["width"] for bar in page.select(".bar")], strict=True))


@pytest.mark.parametrize(("name", "label"), [("green.png", "green"), ("blue.webp", "blue")])
def test_a_photograph_is_classified_and_shown_with_its_bars(page, photographs, name, label):
    choose(page, photographs / name)
    assert answer(page).startswith(f"{label}, 9")
    (first, longest), *others = bars(page)
    assert first == label
    assert {name for name, _ in others} == {"red", "green", "blue"} - {label}
    assert longest > 20 * max(width for _, width in others) > 0
    assert page.select("#answered")[0].text.startswith("answered by version 1 in ")
    assert page.script("return document.getElementById('preview').naturalWidth") == 60
    assert page.select("#name")[0].text == name
    assert page.console() == []


def test_a_file_that_is_no_image_is_an_error_in_words(page, photographs):
    choose(page, photographs / "green.png")
    choose(page, photographs / "broken.jpg")
    assert answer(page) == "broken.jpg: not an image that Pillow can read"
    assert not page.select("#result")[0].is_displayed()


def test_a_photograph_can_be_dropped_anywhere(page):
    page.script(
        """
        const data = new DataTransfer();
        const bytes = Uint8Array.from(arguments[0]);
        data.items.add(new File([bytes], "dropped.png"));
        for (const kind of ["dragover", "drop"]) {
          const event = new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
          document.body.dispatchEvent(event);
        }
        """,
        list(draw(0)),
    )
    wait_until(lambda: answer(page).startswith("red, 9"))
    assert page.select("#name")[0].text == "dropped.png"


def test_a_server_that_has_gone_is_an_error_in_words(browser, root, photographs):
    with running(root) as server:
        page = Page(browser, f"{server.url}/")
    choose(page, photographs / "green.png")
    assert answer(page) == "green.png: the server does not answer"


def test_the_keyboard_reaches_the_file_visibly(page):
    page.script("document.body.focus()")
    page.driver.switch_to.active_element.send_keys(TAB)
    assert page.driver.switch_to.active_element.text == "Skip to the content"
    page.driver.switch_to.active_element.send_keys(TAB)
    focused = page.driver.switch_to.active_element
    assert focused.get_dom_attribute("id") == "choose"
    label = page.select("#choose + span")[0]
    assert label.value_of_css_property("outline-style") == "solid"


def test_the_camera_is_offered_where_there_is_no_mouse(page):
    assert page.select("#take")[0].get_dom_attribute("capture") == "environment"
    camera = page.select("#take + span")[0]
    assert not camera.is_displayed()
    page.touch(True)
    try:
        assert camera.is_displayed()
    finally:
        page.touch(False)


def test_the_model_card_is_shown_and_nothing_in_it_is_run_or_loaded(page, server):
    card = page.select("#card")[0]
    assert texts(page.select("#card h2, #card h3")) == ["Model card", "Limits"]
    assert "data: photographs/" in card.text
    assert "<script>alert(1)</script>, <b>bold</b>" in card.text
    assert len(page.select("#card td")) == 5
    assert page.select("#card script, #card b, #card img, #card a") == []
    assert {url for url in page.requests if not url.startswith(server.url)} == set()
    assert page.console() == []


def test_another_version_answers_and_brings_its_card(browser, root, photographs, tmp_path):
    store = LocalStore(tmp_path / "serving")
    store.push(root / "model", card="# First")
    with running(tmp_path) as server:
        page = Page(browser, f"{server.url}/")
        choose(page, photographs / "green.png")
        assert texts(page.select("#card h2")) == ["First"]
        model = tmp_path / "model"
        save_colour_model(model)
        (model / "another").write_text("file", encoding="utf-8")
        store.push(model, card="# Second <img src=x>")
        wait_until(lambda: server.get("/healthz").body["version"] == 2)
        choose(page, photographs / "blue.webp")
        wait_until(lambda: texts(page.select("#card h2")) == ["Second <img src=x>"])
        assert page.select("#version")[0].text == "2"
        assert page.select("#answered")[0].text.startswith("answered by version 2 in ")


def test_without_a_model_the_page_says_so(browser, server, tmp_path):
    with running(tmp_path) as empty:
        page = Page(browser, f"{empty.url}/")
        assert texts(page.select("h2")) == ["No model is served"]
        assert (page.console(), page.violations()) == ([], [])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_and_fits(browser, server, photographs, width, dark):
    page = Page(browser, f"{server.url}/", width=width, dark=dark)
    assert (page.overflow(), page.violations()) == (0, [])
    choose(page, photographs / "green.png")
    assert (page.overflow(), page.violations()) == (0, [])
    levels = [int(h.tag_name[1]) for h in page.select("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_the_page_is_valid_html(server):
    html5lib.HTMLParser(strict=True).parse(server.get("/").body.decode())
