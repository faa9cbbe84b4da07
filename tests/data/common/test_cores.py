import os

from data.common.cores import available_cores


def test_only_the_cores_of_this_process_count():
    own = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, [min(own)])
        assert available_cores() == 1
    finally:
        os.sched_setaffinity(0, own)
    assert available_cores() == len(own)
