"""The logger through which steps and commands report progress."""

import logging

PROGRESS_LOGGER = "flowers.progress"
progress = logging.getLogger(PROGRESS_LOGGER)
