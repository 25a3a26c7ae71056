"""What an attacker would like to change: grades, results, the kit's own environment, the next submission."""

from __future__ import annotations

from .attack import Attack

_REFUSED = "PermissionError|FileNotFoundError|Read-only file system"


def _does(name: str, tries: str, body: str, says: str = _REFUSED) -> Attack:
    return Attack(name, tries, body=f"import os, pathlib\n{body}", says=says)


WRITING = (
    _does(
        "grade_of_its_own",
        "Gives itself points in the gradebook.",
        "import sqlite3\n"
        'book = sqlite3.connect("$gradebook")\n'
        "book.execute(\"INSERT INTO grade VALUES ('eve', 40.0)\"), book.commit(), book.close()",
        "OperationalError",
    ),
    _does("gradebook_overwritten", "Overwrites the gradebook.", 'open("$gradebook", "r+b").write(b"eve")'),
    _does("gradebook_emptied", "Empties the gradebook by its name.", 'os.truncate("$gradebook", 0)'),
    _does("gradebook_locked_away", "Takes the gradebook's permissions away.", 'os.chmod("$gradebook", 0)'),
    _does(
        "gradebook_given_away", "Makes itself the owner of the gradebook.", 'os.chown("$gradebook", os.getuid(), -1)'
    ),
    _does(
        "gradebook_labelled",
        "Writes into the gradebook's extended attributes.",
        'os.setxattr("$gradebook", "user.eve", b"1")',
    ),
    _does(
        "gradebook_made_old",
        "Sets the gradebook back in time, so that a backup passes it over.",
        'os.utime("$gradebook", (1, 1))',
    ),
    _does("result_of_its_own", "Writes a result of its own into the kit's store.", 'open("$results", "w").write("{}")'),
    _does("results_deleted", "Deletes the stored results.", 'os.unlink("$results")'),
    _does("other_submission_spoilt", "Spoils the submission of another student.", 'open("$other", "a").write("1 / 0")'),
    _does(
        "other_submission_moved", "Moves the submission of another student away.", 'os.rename("$other", "$other.old")'
    ),
    _does("link_in_the_course", "Leaves a link to itself in the course.", 'os.symlink(__file__, "$course/link.py")'),
    _does("folder_in_the_course", "Makes a folder in the course.", 'os.mkdir("$course/checks/eve")'),
    _does(
        "socket_in_the_course",
        "Leaves a named pipe in the course, at which a reader would hang.",
        'os.mkfifo("$course/pipe")',
    ),
    _does(
        "environment_spoilt",
        "Leaves a .pth file that would run in every later process.",
        'open("$packages/eve.pth", "w").write("#")',
    ),
    _does("own_module", "Rewrites its own module between two checks.", 'open(__file__, "a").write("#")'),
    _does(
        "given_module",
        "Rewrites a given module between two checks.",
        'pathlib.Path(__file__).with_name("__init__.py").write_text("#")',
    ),
    _does(
        "worker",
        "Rewrites the worker that runs it.",
        'import checks.executor.executor as e; open(e.__file__, "a").write("#")',
    ),
    Attack(
        "left_for_the_next",
        "Leaves a file in /tmp that the next submission would find.",
        body="""
import os
assert os.path.exists("/tmp/$left") or open("/tmp/$left", "w").close(), "nothing was left"
""",
        says="nothing was left|PermissionError",
        times=2,
    ),
    Attack(
        "left_in_shared_memory",
        "Leaves a file in shared memory.",
        body='open("/dev/shm/$left", "w").close()',
        says=_REFUSED,
    ),
)
