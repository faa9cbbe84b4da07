"""An estimate of the time left of a training."""


class TimeLeft:
    """Estimates the time left from the steps and evaluations of this process.

    Those before an interruption do not count: the machine may be another one. The caller leaves out
    the first step, which traces and compiles.
    """

    def __init__(self, steps: int):
        """Takes the number of steps of the whole training."""
        self._total = steps
        # The steps and seconds of earlier epochs, and the step and time at which this one began.
        self._steps, self._seconds = 0, 0.0
        self._begun: tuple[int, float] | None = None
        # Of the newest evaluation; the first one traces, too.
        self._evaluation = 0.0

    def begin(self, step: int, now: float) -> None:
        """Starts the clock: `step` steps of the training are done at the time `now`."""
        self._begun = step, now

    def end(self, step: int, now: float) -> None:
        """Stops it before an evaluation."""
        self._steps, self._seconds = self._measured(step, now)
        self._begun = None

    def evaluated(self, seconds: float) -> None:
        """Takes the duration of an evaluation."""
        self._evaluation = seconds

    def seconds(self, step: int, now: float, evaluations: int) -> float | None:
        """Returns the seconds left after `step` steps; None if no step has been measured yet.

        Args:
          step: Finished steps of the training.
          now: The time.
          evaluations: Number of evaluations that follow.
        """
        steps, seconds = self._measured(step, now)
        if not steps:
            return None
        return seconds / steps * (self._total - step) + evaluations * self._evaluation

    def _measured(self, step: int, now: float) -> tuple[int, float]:
        if self._begun is None:
            return self._steps, self._seconds
        first, start = self._begun
        return self._steps + step - first, self._seconds + now - start
