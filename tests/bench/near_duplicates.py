"""Time and memory of the search for near-duplicates: `make bench-near-duplicates`.

Each measurement runs in its own process, the cases in turn.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from components.example_gen.near_duplicates import group_representatives, near_duplicate_pairs

PROJECT = Path(__file__).parents[2]
# The bits that the hashes of a case do not share: all, or all but those of one band.
CASES = {
    "1,000,000 random hashes": (1_000_000, 64),
    "100,000 hashes that share a band of 13 bits": (100_000, 51),
    "100,000 hashes that share two bands": (100_000, 38),
    "100,000 hashes that share three bands": (100_000, 25),
}


def main() -> None:
    """Prints a line per case: the median, minimum and maximum over the repeats."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--worker", choices=CASES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(_work(arguments.worker)))  # noqa: T201
        return
    found = [{case: _measure(case) for case in CASES} for _ in range(arguments.repeats)]
    for case in CASES:
        pairs = found[0][case]["pairs"]
        figures = ", ".join(
            f"{name} {_spread([repeat[case][key] for repeat in found])} {unit}"
            for key, name, unit in (
                ("seconds", "pairs", "s"), ("group_seconds", "groups", "s"), ("mb", "peak", "MB"),
            )
        )  # fmt: skip
        print(f"{case}, {pairs} pairs: {figures}")  # noqa: T201


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def _measure(case: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--worker", case]
    answer = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def _work(case: str) -> dict[str, float]:
    """Returns the number of pairs, the seconds, and the peak memory of this process in MB."""
    number, bits = CASES[case]
    hashes = np.random.default_rng(0).integers(0, 1 << bits, number, dtype=np.uint64)
    started = time.perf_counter()
    pairs = sum(map(len, near_duplicate_pairs(hashes)))
    seconds = time.perf_counter() - started
    encoded = [int(value).to_bytes(8, "big") for value in np.unique(hashes)]
    started = time.perf_counter()
    group_representatives(encoded)
    return {
        "pairs": pairs,
        "seconds": seconds,
        "group_seconds": time.perf_counter() - started,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
