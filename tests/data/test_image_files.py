import io

import numpy as np
import pytest
from PIL import Image

from data.common.errors import UsageError
from data.image_files import LabelledImage, UnreadableImage, find_images, read_as_jpeg


@pytest.fixture
def save(tmp_path, make_image):
    """Returns a function that writes an image file and returns its path."""

    def write(name="a.jpg", mode="RGB", height=40, width=60, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(1, height, width)).convert(mode).save(path, **options)
        return str(path)

    return write


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_folder_for_each_class_gives_the_labels(save, tmp_path):
    for name in ("photos/roses/deep/b.png", "photos/daisy/a.jpg", "photos/.hidden/c.jpg"):
        save(name)
    (tmp_path / "photos" / "daisy" / ".DS_Store").touch()
    photos = tmp_path / "photos"
    assert find_images(photos) == [
        LabelledImage(str(photos / "daisy" / "a.jpg"), "daisy"),
        LabelledImage(str(photos / "roses" / "deep" / "b.png"), "roses"),
    ]


def test_a_csv_gives_paths_and_labels(tmp_path):
    table = tmp_path / "images.csv"
    table.write_text("label,path,more\nroses,sub/b.jpg,1\ndaisy,/x/a.jpg,2\n")
    assert set(find_images(table)) == {
        LabelledImage("/x/a.jpg", "daisy"),
        LabelledImage(str(tmp_path / "sub" / "b.jpg"), "roses"),
    }


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("file,label\na,b\n", "has no column path; it needs path and label"),
        ("path,label\na.jpg,x\n,y\n", "line 3: path or label is empty"),
        ("path,label\na.jpg,x\n", "1 files of 1 classes; at least two classes are required"),
    ],
)
def test_an_invalid_csv_is_an_error(tmp_path, content, error):
    (tmp_path / "images.csv").write_text(content)
    with pytest.raises(UsageError, match=error):
        find_images(tmp_path / "images.csv")


def test_other_sources_are_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"neither a folder .* nor a \.csv file"):
        find_images(tmp_path / "nothing")


def test_a_jpeg_that_needs_no_change_keeps_its_bytes(save):
    path = save()
    with open(path, "rb") as file:
        assert read_as_jpeg(path, None) == (file.read(), (60, 40))
    assert read_as_jpeg(path, 100)[1] == (60, 40)


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "L"), ("a.jpg", "CMYK"), ("a.png", "RGBA"), ("a.png", "P"), ("a.png", "1"),
     ("a.gif", "P"), ("a.webp", "RGB"), ("a.tif", "RGB"), ("a.bmp", "RGB"), ("a.ppm", "RGB")],
)  # fmt: skip
def test_any_format_and_mode_becomes_an_rgb_jpeg(save, name, mode):
    content, size = read_as_jpeg(save(name, mode), None)
    assert (opened(content).format, opened(content).mode) == ("JPEG", "RGB")
    assert opened(content).size == size == (60, 40)


def test_16_bit_images_keep_their_brightness(tmp_path):
    values = np.linspace(0, 65_535, 40 * 40).astype(np.uint16).reshape(40, 40)
    Image.fromarray(values).save(tmp_path / "deep.png")
    pixels = np.asarray(opened(read_as_jpeg(str(tmp_path / "deep.png"), None)[0]).convert("L"))
    assert pixels[0, 0] < 5
    assert pixels[-1, -1] > 250
    assert pixels[20, 20] == pytest.approx(131, abs=4)


def test_the_shorter_side_is_resized(save):
    content, size = read_as_jpeg(save(height=300, width=200), 100)
    assert size == opened(content).size == (100, 150)


def test_the_orientation_is_applied(save):
    exif = Image.Exif()
    exif[0x0112] = 6  # Rotated by 90 degrees.
    content, size = read_as_jpeg(save(exif=exif), None)
    assert size == opened(content).size == (40, 60)
    assert opened(content).getexif().get(0x0112, 1) == 1


def test_unreadable_files_raise_the_reason(save, tmp_path):
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UnreadableImage, match="not an image that Pillow can read"):
        read_as_jpeg(str(tmp_path / "text.jpg"), None)
    path = save("cut.png", height=200)
    with open(path, "rb+") as file:
        file.truncate(200)
    with pytest.raises(UnreadableImage, match=r"truncated|corrupt"):
        read_as_jpeg(path, None)
    with pytest.raises(UnreadableImage, match="No such file"):
        read_as_jpeg(str(tmp_path / "nothing.jpg"), None)


def test_a_byte_order_mark_and_hidden_folders_are_ignored(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeffpath,label\na.jpg,x\nb.jpg,y\n")
    assert [file.label for file in find_images(tmp_path / "a.csv")] == ["x", "y"]
    (tmp_path / "b.csv").write_bytes("path,label\na.jpg,ros\xe9\n".encode("latin-1"))
    with pytest.raises(UsageError, match="not valid UTF-8"):
        find_images(tmp_path / "b.csv")
    for path in ("p/x/a.jpg", "p/y/a.jpg", "p/x/.thumbnails/a.jpg"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert len(find_images(tmp_path / "p")) == 2
