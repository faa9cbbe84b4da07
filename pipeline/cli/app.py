"""The base of all command groups: how commands are declared and how their help looks."""

import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from pipeline.left_out import HELP, left_out


class _HelpWithExamples:
    """Help that ends with the indented blocks of a docstring, such as examples, as they are."""

    epilog: str | None

    def __init__(self, *args: Any, help: str | None = None, **kwargs: Any) -> None:
        """Moves the indented blocks of the docstring to the end."""
        paragraphs = (help or "").split("\n\n")
        blocks = [text for text in paragraphs if "\n  " in text]
        if blocks:
            # The leading newline keeps Rich from removing the indentation of a single block.
            kwargs["epilog"] = "\n" + "\n\n".join(blocks)
        prose = [" ".join(text.split()) for text in paragraphs if "\n  " not in text]
        super().__init__(*args, help="\n\n".join(prose), **kwargs)  # type: ignore[call-arg]

    def get_params(self, ctx: Any) -> list[Any]:
        """Returns the parameters, without Typer's `<bool>` and the like."""
        return [_hide_type(param) for param in super().get_params(ctx)]  # type: ignore[misc]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help; the first one in a terminal imports Rich."""
        with left_out(HELP):
            super().format_help(ctx, formatter)  # type: ignore[misc]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Writes indented blocks without wrapping their lines."""
        if self.epilog and self.epilog.startswith("\n"):
            formatter.write(f"{self.epilog}\n")
        else:
            super().format_epilog(ctx, formatter)  # type: ignore[misc]


class Command(_HelpWithExamples, TyperCommand):
    """A command."""


class Group(_HelpWithExamples, TyperGroup):
    """A group of commands that are listed under headings, also in plain text."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes a plain list of commands for each heading."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for name, command in self.commands.items():
            heading = getattr(command, "rich_help_panel", None) or "Commands"
            headings.setdefault(heading, []).append((name, command.get_short_help_str(80)))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)


class App(typer.Typer):
    """A Typer application with these commands and groups."""

    def __init__(self, help: str, **kwargs: Any) -> None:
        """Creates an application that prints its help when it is called without arguments.

        With `invoke_without_command=True` its callback does what the application does then. Boxes
        and colors are for terminals only.
        """
        super().__init__(
            cls=Group, help=help, no_args_is_help=not kwargs.get("invoke_without_command"),
            context_settings={"help_option_names": ["--help", "-h"]},
            pretty_exceptions_enable=False,
            rich_markup_mode="rich" if sys.stdout.isatty() else None, **kwargs,
        )  # fmt: skip

    def command(
        self, name: str | None = None, **kwargs: Any
    ) -> Callable[[typer.models.CommandFunctionType], typer.models.CommandFunctionType]:
        """Returns a decorator that adds a function as a command; its docstring is the help."""
        return super().command(name, cls=Command, **kwargs)


def _hide_type(param: Any) -> Any:
    """Removes the type that Typer prints after a flag and after the name of an argument."""
    if isinstance(param, TyperOption) and param.is_flag:
        param.metavar = ""
    if isinstance(param, TyperArgument):
        param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    return param
