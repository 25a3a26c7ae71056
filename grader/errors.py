"""The one exception that a person who uses the kit is meant to see."""


class GraderError(Exception):
    """Bad input or a fault of the kit: ends in one line that says what was expected, what was found and the next step.

    The command line prints it and exits with status 2; no score is written.
    """
