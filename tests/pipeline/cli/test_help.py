"""The help of every command: complete, plain in a pipe, and at most 80 columns wide."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from pipeline.cli.main import app

CODE = "import sys; sys.argv[0] = 'flowers'; from pipeline.cli.main import main; main()"


def walk(command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yields all commands and groups with their words on the command line."""
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


COMMANDS = dict(walk(typer.main.get_command(app)))
LEAVES = [path for path, command in COMMANDS.items() if not hasattr(command, "commands")]


def visible(command) -> list:
    context = typer.Context(command)
    return [param for param in command.get_params(context) if not param.hidden]


def help_of(path: tuple[str, ...], option: str = "--help") -> str:
    """Returns what `flowers PATH --help` writes into a pipe that is 80 columns wide."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        result = CliRunner().invoke(app, [*path, option])
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_sentence_that_fits_into_the_list(path):
    first = COMMANDS[path].help.partition("\n\n")[0]
    assert first.endswith(".")
    assert len(first) <= 67


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_an_example_that_it_accepts(path):
    examples = COMMANDS[path].epilog.partition("Examples:\n")[2].splitlines()
    assert examples
    options = {name for param in visible(COMMANDS[path]) for name in param.opts}
    options |= {name for param in visible(COMMANDS[path]) for name in param.secondary_opts}
    for example in examples:
        assert example.startswith(f"  flowers {' '.join(path)}")
        assert set(re.findall(r"(?<= )--?[a-z][a-z-]*", example)) <= options


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_parameter_has_help_and_a_value_name(path):
    context = typer.Context(COMMANDS[path])
    for param in visible(COMMANDS[path]):
        assert param.help, param.name
        flag = getattr(param, "is_flag", False)
        value_name = param.metavar or ""
        assert re.fullmatch("" if flag else r"[A-Z]+([|=][A-Z]+)?", value_name), param.name
        assert not re.search("[<>]", param.display_type_rich(context) or ""), param.name


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_in_a_pipe_is_plain_and_fits_80_columns(path):
    text = help_of(path, "-h")
    assert text.isascii()
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "-h, --help" in text


def test_help_groups_the_commands_in_the_order_of_their_use():
    text = help_of(())
    order = ["Get started:", "doctor", "run ", "Manage runs and models:", "models", "Automate:"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_help_of_run_lists_the_exit_codes():
    text = help_of(("run",))
    for code in ("0", "1", "2", "3", "4", "130, 143"):
        assert re.search(rf"^  {code}  ", text, re.MULTILINE)


def test_help_on_a_terminal_has_colors():
    text = help_on_a_terminal(CODE)
    assert b"\x1b[" in text
    assert b"<" not in text


def test_help_on_a_terminal_imports_no_parsers_of_markdown_and_programs():
    print_them = "print({'rich.text', 'markdown_it', 'pygments'} & set(sys.modules))"
    text = help_on_a_terminal(f"import atexit; atexit.register(lambda: {print_them}); {CODE}")
    assert text.splitlines()[-1] == b"{'rich.text'}"


def help_on_a_terminal(program: str) -> bytes:
    """Returns what `flowers run -h` writes to a terminal."""
    parent, child = pty.openpty()
    environment = os.environ | {"COLUMNS": "80", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", program, "run", "-h"], stdout=child, env=environment
    ) as process:
        os.close(child)
        text = b""
        while chunk := _read(parent):
            text += chunk
    assert process.returncode == 0
    return text


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux reports the end of a terminal as an error.
        return b""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("flowers run --config q", ["quickstart"]),
        ("flowers vertex check --config vertex-t", ["vertex-tpu"]),
        ("flowers run --data ", ["sample", "flowers-public"]),
        ("flowers run --from Tra", ["Transform", "Trainer"]),
        ("flowers config s", ["show"]),
    ],
)
def test_the_shell_completes(words, expected):
    count = len(words.split(" ")) - 1
    completion = {
        "_FLOWERS_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(count),
    }
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | completion, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout.split() == expected


def test_completion_can_be_shown():
    code = (
        "import sys; from typer import _completion_shared, completion\n"
        "completion._get_shell_name = lambda: 'bash'\n" + CODE
    )
    command = [sys.executable, "-c", code, "--show-completion"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "complete -o default -F _flowers_completion flowers" in done.stdout
