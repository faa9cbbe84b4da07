"""Corrections relabel images or leave them out, and nothing else."""

import json

import pytest
import tensorflow as tf
from PIL import Image

from data.common.errors import UsageError
from data.importing import shards
from data.importing.corrections import LEFT_OUT_REASON, Correction, apply_corrections
from data.importing.file_tree import LeftOut
from data.importing.image_files import FoundImages, LabelledImage
from data.importing.import_file import ImportOptions
from data.importing.importer import import_images


def image(source, label):
    return LabelledImage(source, label, f"/photos/{source}")


FOUND = FoundImages(
    [
        image("daisy/a, b.jpg", "daisy"),
        image("roses/0.jpg", "roses"),
        image("roses/<script>.jpg ", "roses"),
        # A table can name an image several times.
        image("x.jpg", "daisy"),
        image("x.jpg", "roses"),
    ],
    [LeftOut("notes.txt", "no image")],
)
ALL = "source,label,suggested,score,suggested_probability,split,id,action,correction\n"


@pytest.fixture
def correct(tmp_path):
    """Applies the corrections in texts, one file each, to FOUND."""

    def write_and_apply(*texts, found=FOUND):
        files = []
        for number, text in enumerate(texts):
            files.append(tmp_path / f"{number}.csv")
            files[-1].write_text(text)
        return apply_corrections(found, files, ["tulips"])

    return write_and_apply


def labels(found):
    return {(file.source, file.label) for file in found.files}


def test_images_are_relabelled_left_out_or_kept(correct):
    found, changes = correct(
        f"{ALL}roses/0.jpg,roses,tulips,0.1,0.8,test,0f,relabel,tulips\n"
        '"daisy/a, b.jpg",daisy,roses,0.2,0.8,eval,1e,leave out,\n'
        "roses/<script>.jpg ,roses,daisy,0.2,0.8,eval,2d,keep,\n"
        "not/there.jpg,roses,daisy,0.2,0.8,eval,2d,,\n"
    )
    assert labels(found) == {
        ("roses/0.jpg", "tulips"), ("roses/<script>.jpg ", "roses"),
        ("x.jpg", "daisy"), ("x.jpg", "roses"),
    }  # fmt: skip
    assert found.left_out == [LeftOut("daisy/a, b.jpg", LEFT_OUT_REASON), *FOUND.left_out]
    assert changes == (
        Correction(source="daisy/a, b.jpg", label="daisy", action="leave out"),
        Correction(source="roses/0.jpg", label="roses", action="relabel", correction="tulips"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "source,action,correction\nroses/0.jpg,relabel,daisy\n",
        "\ufeffcorrection;action;source\n daisy ;Relabel;./roses/0.jpg\n",
        "source\taction\tcorrection\n/photos/roses/0.jpg\tRELABEL\tdaisy\n",
    ],
)
def test_spreadsheets_and_hand_written_files_are_read(correct, text):
    found, _ = correct(text)
    assert ("roses/0.jpg", "daisy") in labels(found)


def test_white_space_at_the_end_of_a_name_does_not_matter(correct):
    found, _ = correct("source,action\nroses/<script>.jpg,leave out\n")
    assert LeftOut("roses/<script>.jpg ", LEFT_OUT_REASON) in found.left_out


def test_a_class_tells_apart_the_rows_of_a_table_that_name_the_same_image(correct):
    found, _ = correct("source,label,action\nx.jpg,roses,leave out\n")
    assert ("x.jpg", "daisy") in labels(found)
    assert ("x.jpg", "roses") not in labels(found)
    found, _ = correct("source,label,action,correction\nx.jpg,roses,relabel,daisy\n")
    assert [file.label for file in found.files if file.source == "x.jpg"] == ["daisy"]
    assert LeftOut("x.jpg", "the same path and class as another file") in found.left_out


def test_each_file_corrects_what_the_ones_before_it_leave(correct):
    first = "source,label,action,correction\nroses/0.jpg,roses,relabel,daisy\n"
    found, changes = correct(first, first.replace("roses,relabel,daisy", "daisy,relabel,tulips"))
    assert ("roses/0.jpg", "tulips") in labels(found)
    assert [(item.label, item.correction) for item in changes] == [("roses", "tulips")]
    found, changes = correct(first, first.replace("roses,relabel,daisy", "daisy,relabel,roses"))
    assert (found, changes) == (FOUND, ())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("source,correction\n", "has no column action"),
        ("source,action,new_label\n", "line 1: unknown or repeated columns: new_label;"),
        ("source,action,label,label\n", "line 1: unknown or repeated columns: label"),
        ("source,action\nroses/0.jpg,delete\n",
         "line 2: the action must be relabel, leave out, keep or empty, got delete"),
        ("source,action\nroses/0.jpg,keep\nroses/1.jpg,leave out\n",
         "line 3: SOURCE has no image roses/1.jpg; .* as daisy/a, b.jpg"),
        ("source,action\n,leave out\n", "line 2: SOURCE has no image without a name"),
        ("source,label,action\nroses/0.jpg,daisy,leave out\n",
         "line 2: the class of roses/0.jpg is daisy in the column label, and roses in SOURCE"),
        ("source,action\nx.jpg,leave out\n",
         "line 2: SOURCE has x.jpg as daisy, roses; name its class in the column label"),
        ("source,action,correction\nroses/0.jpg,relabel,\n", "line 2: relabel requires a class"),
        ("source,action,correction\nroses/0.jpg,relabel,a\x1bb\n", "line 2: a class name must be"),
        ("source,action,correction\nroses/0.jpg,relabel,tulip\n",
         r"line 2: tulip \(did you mean tulips\?\) is not a class .* are daisy, roses, tulips"),
        ("source,action,correction\nroses/0.jpg,,daisy\n",
         "line 2: the column correction names daisy, but the action is empty; write relabel"),
        ("source,action\nroses/0.jpg,leave out\nroses/0.jpg,leave out\nroses/0.jpg,keep\n",
         "line 4: roses/0.jpg is in line 3 as well, with another action"),
        ("source,action,correction\nroses/0.jpg,relabel,daisy\nroses/0.jpg,relabel,tulips\n",
         "line 3: roses/0.jpg is in line 2 as well"),
    ],
)  # fmt: skip
def test_an_invalid_file_is_a_usage_error_that_names_the_line(correct, text, error):
    with pytest.raises(UsageError, match=f"0.csv.*{error}"):
        correct(text)


def test_a_file_that_is_missing_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"--corrections: .*a.csv cannot be read: No such file"):
        apply_corrections(FOUND, [tmp_path / "a.csv"], [])


def test_a_left_out_image_cannot_be_corrected_again(correct):
    with pytest.raises(UsageError, match=r"1.csv, line 2: SOURCE has no image roses/0.jpg"):
        correct(*["source,action\nroses/0.jpg,leave out\n"] * 2)


@pytest.fixture
def photos(tmp_path, make_image):
    """Five photographs each of two classes."""
    for index in range(10):
        path = tmp_path / "photos" / ("roses", "daisy")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(make_image(index)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def corrections(tmp_path):
    file = tmp_path / "corrections.csv"
    file.write_text(
        "source,label,action,correction\n"
        "roses/0.png,roses,relabel,daisy\nroses/2.png,roses,relabel,daisy\n"
        "daisy/1.png,daisy,leave out,\n"
    )
    return file


def run(source, out, *corrections, **options):
    return import_images(
        source, out, options=ImportOptions(per_shard=4, **options), corrections=corrections
    )


def records(folder):
    """Returns class name and id by the source of each record."""
    files = sorted(str(path) for path in folder.glob("*.tfrec"))
    found = {}
    for record in tf.data.TFRecordDataset(files).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        (source,), (label,) = (features[name].bytes_list.value for name in ("source", "label"))
        found[source.decode()] = (label.decode(), features["class"].int64_list.value[0])
    return found


def test_an_import_writes_the_corrected_labels_and_says_what_it_corrected(
    photos, corrections, tmp_path
):
    result = run(photos, tmp_path / "out", corrections)
    assert [(item.source, item.correction) for item in result.relabelled] == [
        ("roses/0.png", "daisy"), ("roses/2.png", "daisy"),
    ]  # fmt: skip
    assert result.left_out == [LeftOut("daisy/1.png", LEFT_OUT_REASON)]
    written = records(tmp_path / "out")
    assert len(written) == 9
    assert written["roses/0.png"] == ("daisy", 0)
    assert written["roses/4.png"] == ("roses", 1)
    content = json.loads((tmp_path / "out" / "import.json").read_text())
    assert content["left_out"] == {LEFT_OUT_REASON: ["daisy/1.png"]}
    assert len(content["options"]["corrections"]) == 3


def test_only_readable_images_count_as_relabelled(photos, corrections, tmp_path):
    (photos / "roses" / "2.png").write_text("no image")
    result = run(photos, tmp_path / "out", corrections)
    assert [item.source for item in result.relabelled] == ["roses/0.png"]
    assert {item.path for item in result.left_out} == {"daisy/1.png", "roses/2.png"}


def test_a_table_is_corrected_like_a_folder(photos, corrections, tmp_path):
    rows = [
        f"photos/{path.relative_to(photos)},{path.parent.name}" for path in photos.rglob("*.png")
    ]
    (tmp_path / "images.csv").write_text("\n".join(["path,label", *rows]))
    corrections.write_text("source,action,correction\nphotos/roses/0.png,relabel,daisy\n")
    run(tmp_path / "images.csv", tmp_path / "out", corrections)
    assert records(tmp_path / "out")["photos/roses/0.png"] == ("daisy", 0)


def test_the_same_corrections_add_new_images_and_others_are_an_error(
    photos, corrections, tmp_path, make_image
):
    run(photos, tmp_path / "out", corrections)
    Image.fromarray(make_image(10)).save(photos / "roses" / "10.png")
    # Another order, a comment of its reader: the same corrections.
    first, *rows = corrections.read_text().splitlines()
    corrections.write_text("\n".join([first, *reversed(rows), "roses/4.png,roses,keep,"]))
    result = run(photos, tmp_path / "out", corrections)
    assert (result.added, len(result.relabelled)) == (1, 2)
    with pytest.raises(
        UsageError, match=r"--corrections changed 3 images and changes 0; .* daisy/1"
    ):
        run(photos, tmp_path / "out")


def test_an_interrupted_import_with_other_corrections_is_not_continued(
    photos, corrections, tmp_path, monkeypatch
):
    out, original = tmp_path / "out", shards.read_as_jpeg
    remaining = iter(range(6))

    def read(*args):
        if next(remaining, None) is None:
            raise MemoryError
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "read_as_jpeg", read)
        with pytest.raises(Exception, match="MemoryError"):
            run(photos, out, corrections)
    assert list(out.glob("*.tfrec"))
    with pytest.raises(UsageError, match="an unfinished import of other images, or with other"):
        run(photos, out)
    run(photos, out, corrections)
    run(photos, tmp_path / "whole", corrections)
    assert records(out) == records(tmp_path / "whole")


def test_an_empty_file_of_corrections_changes_nothing_and_says_so(
    photos, corrections, tmp_path, caplog
):
    corrections.write_text(f"{ALL}roses/0.png,roses,daisy,0,0,test,1,,\n")
    caplog.set_level("INFO", "flowers.progress")
    assert run(photos, tmp_path / "out", corrections).relabelled == []
    assert "the corrections change nothing: each image keeps its class" in caplog.text
    # Without corrections, it is the same import.
    assert run(photos, tmp_path / "out").added == 0
