"""What a process has written before it died."""

import re

# TensorFlow 2.21 prints it after the message with which it ends a process.
_STACK_TRACE = re.compile(r"@ +0x[0-9a-f]+ |\*\*\* ")


def messages(output: str) -> list[str]:
    """Returns the lines of the output, stripped, without empty ones and those of a stack trace."""
    lines = (line.strip() for line in output.splitlines())
    return [line for line in lines if line and not _STACK_TRACE.match(line)]
