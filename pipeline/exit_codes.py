"""The exit codes of `flowers`; after a signal it is 128 plus the number of the signal."""

# The command succeeded; a run passed the gate.
DONE = 0
# A step failed.
FAILED = 1
# Settings, paths or files are wrong, and nothing was done.
USAGE_ERROR = 2
# The gate refused the model.
REFUSED = 3
# The data was refused.
DATA_REFUSED = 4
