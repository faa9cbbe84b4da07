from data.common.process_output import messages

DEATH = """
probe: sending garbage/empty
F0000 00:00:1764290000.123456    42 core.cc:1] the end
*** Check failure stack trace: ***
    @     0x7f1bd2c0a3d4  absl::log_internal::LogMessage::SendToLog()
    @ 0x7f1b4e  (unknown)
"""


def test_a_stack_trace_is_no_message():
    """TensorFlow 2.21 prints one last, so that it hid the cause."""
    first, last = messages(DEATH)
    assert first == "probe: sending garbage/empty"
    assert last.endswith("core.cc:1] the end")
    assert messages("\n") == []
