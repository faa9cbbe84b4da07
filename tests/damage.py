"""Random damage to files, for fuzz tests."""

from random import Random


def damage_bytes(random: Random, content: bytes) -> bytes:
    """Flips, cuts off, removes, inserts or repeats bytes."""
    damaged = bytearray(content)
    start, end = sorted(random.randrange(len(content) + 1) for _ in range(2))
    kind = random.randrange(5)
    if kind == 0:
        # Headers are short: half of the flips are in the first bytes.
        area = random.choice([min(64, len(content)), len(content)])
        for _ in range(random.randint(1, 8)):
            damaged[random.randrange(area)] = random.randrange(256)
    elif kind == 1:
        del damaged[start:]
    elif kind == 2:
        del damaged[start:end]
    elif kind == 3:
        damaged[start:start] = random.randbytes(random.randint(1, 64))
    else:
        damaged[start:start] = damaged[start:end]
    return bytes(damaged)
