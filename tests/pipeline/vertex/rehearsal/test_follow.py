import time

from pipeline.vertex.rehearsal.follow import followed


def test_new_progress_lines_of_the_trainer_are_shown_and_nothing_else(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("I1124 19:02:21.200831 14043 train.py:116] of an earlier step\n")
    shown = []
    with followed(log, shown.append), log.open("a") as stream:
        stream.write("I1124 19:02:21.200831 140435561995136 train.py:116] training squeezenet\n")
        stream.write("I1124 19:02:21.300831 140435561995136 udf_utils.py:48] noise\nI1124 19:02:2")
        stream.flush()
        _wait_until(lambda: len(shown) == 1)
        stream.write("9.853117 140435561995136 training_monitor.py:161] epoch 1/18: loss 1.429\n")
        stream.flush()
        _wait_until(lambda: len(shown) == 2)
    assert shown == ["training squeezenet", "epoch 1/18: loss 1.429"]


def _wait_until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
