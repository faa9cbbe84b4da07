"""Whole runs compared with those of an earlier revision: `make bench-run AGAINST=REVISION`.

Both revisions run in turn in this environment, each pair from empty roots: `--help`, a whole run,
the same again with nothing to do, and one in which only the target changed. A row is a ratio, this
revision divided by the earlier one: the median of the pairs, and their range.
"""

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from revision import PROJECT, checkout, measured, newest_steps

# The section was called `evaluator` in earlier revisions, and every revision accepts that name.
TARGET = "evaluator.target"

Figures = dict[str, float]


def main() -> None:
    """Prints a table: a row per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default="3c59da5", help="the earlier revision")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--data", default="sample", help="see flowers run --data")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="a setting of both revisions; once for each",
    )  # fmt: skip
    arguments = parser.parse_args()
    options = ["--config", "quickstart", "--data", arguments.data]
    options += [option for setting in arguments.set for option in ("--set", setting)]
    with checkout(arguments.against) as earlier, tempfile.TemporaryDirectory() as folder:
        pairs = _measure((earlier, PROJECT), options, arguments.pairs, Path(folder))
    _print_table(pairs, arguments.against)


def _measure(
    trees: tuple[Path, Path], options: Sequence[str], pairs: int, folder: Path
) -> list[list[Figures]]:
    """Returns the figures of each pair, the earlier revision first."""
    found = []
    for pair in range(pairs):
        roots = [folder / f"{pair}-{side}" for side in ("earlier", "now")]
        found.append([_figures(*each, options) for each in zip(trees, roots, strict=True)])
        for figures in found[-1]:
            text = ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
            print(f"pair {pair + 1} of {pairs}: {text}", flush=True)  # noqa: T201
    return found


def _figures(tree: Path, root: Path, options: Sequence[str]) -> Figures:
    """Returns the seconds of each call of the command and of each step, in an empty root."""
    run = ["run", *options, "--root", str(root)]
    figures = {
        **_call(tree, "--help", ["--help"]),
        **_call(tree, "whole run", run),
    }
    steps = {step["name"]: step["seconds"] for step in newest_steps(tree, root)}
    figures["start and between steps"] = figures["whole run"] - sum(steps.values())
    return {
        **figures,
        **steps,
        **_call(tree, "nothing to do", run),
        **_call(tree, "only the target changed", [*run, "--set", f"{TARGET}=0.01"]),
    }


def _call(tree: Path, name: str, command: Sequence[str]) -> Figures:
    """Returns the elapsed and the CPU seconds of a call of `flowers`."""
    elapsed, usage = measured(tree, command)
    return {name: elapsed, f"{name}, CPU": usage.ru_utime + usage.ru_stime}


def _print_table(pairs: Sequence[Sequence[Figures]], against: str) -> None:
    (earlier, *_), (now, *_) = zip(*pairs, strict=True)
    print(f"\n{'':<28}{against:>10}       now   ratio (range)")  # noqa: T201
    for name in [*now, *(name for name in earlier if name not in now)]:
        columns = [[pair[side].get(name) for pair in pairs] for side in (0, 1)]
        values = [[value for value in column if value is not None] for column in columns]
        texts = [f"{statistics.median(own):.2f} s" if own else "-" for own in values]
        line = f"{name:<28}{texts[0]:>10}{texts[1]:>10}"
        # A step of a hundredth of a second has no ratio.
        if all(values) and min(map(min, values)) >= 0.05:
            ratios = [b / a for a, b in zip(*values, strict=True)]
            line += f"{statistics.median(ratios):8.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(line)  # noqa: T201


if __name__ == "__main__":
    main()
