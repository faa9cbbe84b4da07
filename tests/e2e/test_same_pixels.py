"""The same picture is the same pixels after an import, in a record, in predict and when served."""

import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from components.example_gen.image_checks import InvalidImage, check_image
from components.transform.decoding import decode_rgb
from components.transform.preprocessing import preprocess
from data.features import IMAGE, SOURCE
from data.importing.importer import import_images
from data.records import read_records
from pipeline.inference.input_images import read_images
from tests.encoding import encode
from tests.pictures import LOSSY, MODES, TURNED, Picture, make_pictures

PICTURES = 1000
SIZE = 32
DOCS = Path("docs/data.md")
START, END = (
    "<!-- formats: written by tests/e2e/test_same_pixels.py -->",
    "<!-- end of the formats -->",
)
SIGNATURE = [tf.TensorSpec([], tf.string)]


@pytest.fixture(scope="module")
def pictures() -> dict:
    """The pictures by file name; they are of two classes."""
    return {
        f"{'ab'[number % 2]}/{number:04}.{picture.kind.lower()}": picture
        for number, picture in enumerate(make_pictures(PICTURES))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pictures) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for name, picture in pictures.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(picture.content)
    return folder


@pytest.fixture(scope="module")
def imported(folder, tmp_path_factory) -> dict[str, bytes]:
    """The images in the records of an import, by file name."""
    out = tmp_path_factory.mktemp("records")
    result = import_images(folder, out)
    assert (result.written, result.left_out) == (PICTURES, [])
    return dict(read_images_of_records(out))


def read_images_of_records(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.glob("*.tfrec")):
        for record in read_records(str(file)):
            features = tf.train.Example.FromString(record).features.feature
            source, image = (features[name].bytes_list.value[0] for name in (SOURCE, IMAGE))
            yield source.decode(), image


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape:
        return np.inf
    return float(np.abs(found.astype(float) - expected).mean())


def allowed_loss(picture: Picture) -> float:
    """Returns the mean difference that JPEGs make, and 1 for the differences of decoders."""
    jpeg = encode(Image.fromarray(picture.upright), "JPEG", quality=95)
    loss = difference(np.asarray(Image.open(io.BytesIO(jpeg))), picture.upright)
    # The file itself may have lost as much.
    return 1 + loss * (2 if picture.kind in LOSSY else 1)


def find_wrong(images: dict[str, bytes], pictures: dict) -> dict[str, float]:
    """Returns how much the model's pixels differ from what pictures show, if it is too much."""
    decode = tf.function(decode_rgb, input_signature=SIGNATURE)
    wrong = {}
    for name, image in images.items():
        picture = pictures[name]
        found = difference(decode(tf.constant(image)).numpy(), picture.upright)
        if found > allowed_loss(picture):
            wrong[name] = found
    return wrong


def test_an_imported_picture_has_the_pixels_that_people_see(imported, pictures):
    assert len(imported) == PICTURES
    assert find_wrong(imported, pictures) == {}


def test_predict_sends_the_pixels_that_people_see(folder, pictures):
    sent = {str(Path(i.path).relative_to(folder)): i.content for i in read_images([folder])}
    assert sent.keys() == pictures.keys()
    assert find_wrong(sent, pictures) == {}


def test_what_example_gen_accepts_is_served_as_its_import(imported, pictures):
    """The served graph begins with `preprocess`."""
    served = tf.function(lambda image: preprocess(image, SIZE), input_signature=SIGNATURE)
    accepted, wrong = 0, {}
    for name, picture in pictures.items():
        try:
            pixels = check_image(picture.content, 10**6)
        except InvalidImage:
            continue
        accepted += 1
        original, record = (
            served(tf.constant(image)).numpy() for image in (picture.content, imported[name])
        )
        # ExampleGen decodes what is served, and it is upright.
        assert pixels.shape == picture.upright.shape
        if difference(original, record) > allowed_loss(picture):
            wrong[name] = difference(original, record)
    assert accepted > PICTURES / 4
    assert wrong == {}


def test_the_table_in_the_docs_is_what_was_found(pictures, pytestconfig):
    table = "\n".join(format_table(pictures))
    text = DOCS.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    expected = f"{before}{START}\n{table}\n{END}{after}"
    if pytestconfig.getoption("--update-golden"):
        DOCS.write_text(expected, encoding="utf-8")
    assert text == expected, "run this test with --update-golden"


def format_table(pictures: dict) -> Iterator[str]:
    """Yields the lines of a table of formats: all are imported, and some may be in records."""
    modes = defaultdict(list)
    for kind, kinds_modes in MODES.items():
        for mode in kinds_modes:
            of_mode = [p for p in pictures.values() if (p.kind, p.mode) == (kind, mode)]
            (answer,) = {describe(picture.content) for picture in of_mode}
            modes[kind, answer].append(mode)
    yield "| format | modes | orientation | in records, and sent to the served model |"
    yield "|---|---|---|---|"
    for (kind, answer), names in modes.items():
        turned = "EXIF" if kind in TURNED else ""
        yield f"| {kind} | {', '.join(names)} | {turned} | {answer} |"


def describe(content: bytes) -> str:
    try:
        check_image(content, 10**6)
    except InvalidImage as error:
        return f"quarantined: {error}"
    return "yes"
