"""One hostile submission, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Attack:
    """What a submission tries.

    In `body`, `top` and `links` stand for what the world around it holds: `$course`, `$gradebook`, `$results`,
    `$secret`, `$other` (another submission's module), `$packages` (of the environment for student code), `$port` (TCP
    and UDP on the loopback), `$free` (a port), `$abstract` and `$socket` (sockets), `$grader` (the grader's process).
    """

    name: str
    tries: str
    """A sentence that says what it tries."""
    body: str = ""
    """Statements before the honest return of one function, run in one of its checks; `args` are the arguments. Where
    the attack succeeds they do not raise, and the function earns points that it must not."""
    top: str = ""
    """Statements after the module's own."""
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """Files of the submission beside the solution's."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links of the submission."""
    costs: Literal["check", "everything", "nothing"] = "check"
    """What the attacker's own code loses by it; all else is earned."""
    says: str = ""
    """A pattern for the message of the lost check, or for a remark on the submission."""
    seconds: float | None = None
    """For all that the submission does, if less than usual."""
    times: int = 1
    """How often it is graded, where one run would prepare the next."""
