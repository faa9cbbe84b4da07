"""CSV files of paths and labels, as spreadsheets write them."""

import csv
import io
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.common.errors import UsageError
from data.importing.table import read_table

ROWS = [("a.jpg", "roses"), ("my photos/b.jpg", "daisy")]
TEXT = "path,label\na.jpg,roses\nmy photos/b.jpg,daisy\n"


@pytest.fixture
def read(tmp_path):
    def write_and_read(content: bytes | str):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / "a.csv").write_bytes(content)
        return read_table(tmp_path / "a.csv")

    return write_and_read


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace(",", " | "),
        TEXT.replace(",", ", ").replace("\n", " \n\n"),
        TEXT.replace("\n", "\r\n"),
        TEXT.rstrip(),
        '"path" ; "label"\n"a.jpg" ; "roses"\n "my photos/b.jpg";"daisy"\n;\n',
        "label;note, or none;path\nroses;x, y;a.jpg\ndaisy;;my photos/b.jpg\n",
        "\ufeff" + TEXT,
        TEXT.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"),
        "path,label,\na.jpg,roses,\nmy photos/b.jpg,daisy,\n",
    ],
)  # fmt: skip
def test_tables_of_all_spreadsheets_are_read(read, content):
    assert read(content) == ROWS


def test_quoted_values_may_contain_anything(read):
    assert read('path,label\n"a,b.jpg","red, ""old"" rose"\n"a\nb.jpg",x\n') == [
        ("a,b.jpg", 'red, "old" rose'),
        ("a\nb.jpg", "x"),
    ]


def test_labels_are_text_and_normalized(read):
    rows = read("path,label\na, on\nb,null\nc,1\nd,rose\u0301 \n")
    assert [label for _, label in rows] == ["on", "null", "1", "ros\xe9"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "names: none"),
        ("file,label\na,b\n", "has no column path, or several; .* names: file, label"),
        ("path,label,path\na,b,c\n", "has no column path, or several"),
        ("path,label\na.jpg,x\n,y\n", "line 3: path or label is empty"),
        ("path,label\na.jpg\n", "line 2: path or label is empty"),
        ("path,label\na,b.jpg,x\n", "line 2: 3 values for 2 columns"),
        ('path,label\n"a\nb",x\n"c.jpg,x\nd.jpg,y\n', "line 4: a quotation mark is opened"),
        ('"path,label\na,b\n', "line 1: a quotation mark is opened"),
        ("path,label\na\0b,x\n", "line 2: .*(NUL|null)"),
        ("path,label\na,x\x1by\n", "line 2: a class name must be"),
        ('path,label\na,"x\ny"\n', "line 2: a class name must be"),
        (f"path,label\na,b\n{'x' * 200_000},b\n", "line 3: field larger than field limit"),
        ("path,label\na.jpg,é\nb.jpg,ros\xe9\n".encode("latin-1"),
         "line 2, column 7: the byte 0xe9 is not valid UTF-8; save the file as UTF-8"),
        ("path,label\nü,é\nüü,".encode() + b"\xff\n", "line 3, column 4: the byte 0xff"),
        (b"\xef\xbb\xbfpath,label\n\xff", "line 2, column 1: the byte 0xff"),
        (b"\xff\xfea\0\n\0b\0\x00\xd8c\0", "line 2, column 2: the byte 0x00 is not valid UTF-16"),
    ],
)  # fmt: skip
def test_an_invalid_table_is_a_usage_error_that_names_the_line(read, content, error):
    with pytest.raises(UsageError, match=f"a.csv.*{error}"):
        read(content)


def read_content(content: bytes) -> list[tuple[str, str]]:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(content)
        return read_table(Path(file.name))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"' ,;|\t\r\n"))
PATHS = TEXTS.map(str.strip).filter(lambda path: path and "\0" not in path)


@given(st.lists(PATHS), st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16"]))
def test_whatever_a_spreadsheet_writes_is_read_back(paths, delimiter, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([("path", "label"), *((path, "roses") for path in paths)])
    found = read_content(text.getvalue().encode(encoding))
    assert found == [(path, "roses") for path in paths]


@given(st.binary() | TEXTS.map(str.encode))
def test_any_other_content_is_read_or_a_usage_error(content):
    for start in (b"", b"path,label\n", b"path;label\na;b\n"):
        with suppress(UsageError):
            read_content(start + content)
