"""The search for near-duplicates has bounded memory, also where many images look alike."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.long

# One thread of BLAS, because each thread reserves address space, which RLIMIT_AS counts.
SCRIPT = """
import os, resource, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
from components.example_gen.near_duplicates import group_representatives, near_duplicate_pairs
number, bits, limit = map(int, sys.argv[1:])
# What the imports have reserved does not count.
limit += resource.getpagesize() * int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
hashes = np.unique(np.random.default_rng(0).integers(0, 1 << bits, number, dtype=np.uint64))
hashes[-1] = hashes[0] ^ np.uint64(1)
groups = group_representatives(int(value).to_bytes(8, "big") for value in np.unique(hashes))
print(sum(map(len, near_duplicate_pairs(hashes))), len(groups))
"""


def search(number, bits, gigabytes):
    """Returns the numbers of pairs and of hashes with a smaller one in their group."""
    command = [sys.executable, "-c", SCRIPT, *map(str, (number, bits, gigabytes * 2**30))]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    pairs, grouped = map(int, answer.stdout.split())
    return pairs, grouped


@pytest.mark.parametrize(("number", "bits", "gigabytes"), [(100_000, 51, 1), (1_000_000, 64, 2)])
def test_hashes_that_are_not_close_need_little_memory(number, bits, gigabytes):
    pairs, grouped = search(number, bits, gigabytes)
    assert 1 <= grouped <= pairs < 10


def test_hashes_that_share_all_but_25_bits_need_little_memory():
    # Comparing all of them at once would take more than 100 GB.
    pairs, grouped = search(100_000, 25, 1)
    assert pairs > 1_000_000
    assert grouped > 90_000
