"""0, 1 and 2 mean what they say, and nothing ends in a traceback, whatever surrounds a command."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from a_course import small_course
from conftest import ASSIGNMENT, ROOT, Submit
from forms import each, only

import checks.command
from checks import report
from checks.command import CannotWrite, plain, run
from grader import cli
from grader.classroom.whole_class import grade_class
from grader.commands import check
from grader.course import framework_files
from grader.errors import GraderError
from grader.sandbox.launch import worker_python

Release = Callable[..., Path]
GRADER = Path(sys.executable).with_name("grader")
CHECKS = (sys.executable, "-m", "checks", "batchnorm_backward_alt")
ENCODINGS = ("ascii", "cp1252", "cp852", "cp437", "latin-1", "iso8859-2", "utf-16", "utf-8")


@pytest.fixture
def handed_out(tmp_path: Path) -> Release:
    """Makes a copy of the release, stub and all, with the framework as it is now."""

    def make(name: str = "release") -> Path:
        folder = tmp_path / name
        shutil.copytree(ROOT / "release" / ASSIGNMENT, folder)
        for path in framework_files(ROOT / "checks"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(exist_ok=True)
            shutil.copy(path, target)
        return folder

    return make


def typed(
    *command: str | Path, cwd: Path = ROOT, redirected: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A command as a shell starts it, with what stands behind it."""
    known = {name: value for name, value in os.environ.items() if name not in ("PYTHONIOENCODING", "LC_ALL")}
    words = ["sh", "-c", f'exec "$@" {redirected}', "sh", *map(str, command)]
    return subprocess.run(words, cwd=cwd, env=known | environment, capture_output=True, timeout=120)


@pytest.mark.parametrize("encoding", only(["cp1252"], ENCODINGS))
def test_under_every_encoding_the_verdict_is_read_and_the_status_true(handed_out: Release, encoding: str) -> None:
    folder = handed_out()
    done = typed(*CHECKS, cwd=folder, PYTHONIOENCODING=encoding)
    text = done.stdout.decode(encoding)
    assert (done.returncode, done.stderr) == (1, b"")
    assert "batchnorm_backward_alt: 0 od " in text
    assert any(word in text for word in ("još nije napisana", "jos nije napisana"))


@pytest.mark.parametrize("encoding", [name for name in ENCODINGS if name != "utf-16"])
def test_in_every_encoding_all_that_is_said_can_be_written(encoding: str) -> None:
    sentences = "".join(text for path in ROOT.glob("checks/**/*.toml") for text in path.read_text(encoding="utf-8"))
    written = plain(sentences + "".join(report.MARKS.values()), encoding)
    assert written.encode(encoding).decode(encoding) == written
    assert "?" not in written.replace("?", "", sentences.count("?"))
    assert plain("čćšžđ ČĆŠŽĐ ✓✗·", "ascii") == "ccszdj CCSZDj +x."


@pytest.mark.parametrize("encoding", only(["cp1252"], ["ascii", "cp1252", "utf-8"]))
def test_what_a_program_reads_stays_exact_in_every_encoding(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    folder = submit(stub=True)
    results = []
    for option in ("--json", "--junit"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        assert cli.main(["check", str(folder), "--course", str(ROOT), "--student", "Đorđe", option, "-"]) == 1
        stream.flush()
        assert isinstance(stream.buffer, io.BytesIO)
        results.append(stream.buffer.getvalue())
    data = json.loads(results[0])
    assert data["student"] == "Đorđe"
    suites = ElementTree.fromstring(results[1])
    said = {failure.get("message") for failure in suites.iter("failure")}
    assert said == {item["message"].replace("\n", " ") for item in data["checks"]}
    assert any("š" in str(text) for text in said)


def test_junit_declares_the_encoding_that_it_is_written_in(
    submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locale.getpreferredencoding", lambda *_: "cp1252")
    file = tmp_path / "result.xml"
    assert cli.main(["check", str(submit(stub=True)), "--course", str(ROOT), "--junit", str(file)]) == 1
    assert b"encoding='utf-8'" in file.read_bytes().splitlines()[0].replace(b'"', b"'")
    assert "š" in str(next(ElementTree.parse(file).getroot().iter("failure")).get("message"))


REDIRECTED = {
    "full": (">/dev/full", "No space left on device"),
    "closed": (">&-", "Bad file descriptor"),
    "everything closed": (">&- 2>&- <&-", ""),
    "both full": (">/dev/full 2>/dev/full", ""),
    "the reader gone": ("| true", ""),
}


@pytest.mark.parametrize("how", only(["full"], REDIRECTED))
def test_a_verdict_that_cannot_be_written_is_none_and_says_so_in_a_line(handed_out: Release, how: str) -> None:
    redirected, reason = REDIRECTED[how]
    folder = handed_out()
    for command in (CHECKS, (GRADER, "check", folder)):
        if redirected.startswith("|"):
            command = ("bash", "-c", f"{' '.join(map(str, command))} {redirected}; exit ${{PIPESTATUS[0]}}")
            done = typed(*command, cwd=folder, FUNKCIJE_LANG="en", PYTHONUNBUFFERED="1")
        else:
            done = typed(*command, cwd=folder, redirected=redirected, FUNKCIJE_LANG="en")
        assert done.returncode == 2
        assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr
        if reason:
            assert f"standard output: cannot be written ({reason}). Next: " in done.stderr.decode().splitlines()[-1]


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
def test_without_a_standard_error_the_status_is_as_with_one(handed_out: Release, stderr: str) -> None:
    folder = handed_out()
    done = typed(*CHECKS, cwd=folder, redirected=stderr)
    assert (done.returncode, b"0 od " in done.stdout) == (1, True)
    done = typed(GRADER, "check", folder / "nowhere", redirected=stderr)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], []])
def test_help_that_cannot_be_written_is_not_done(arguments: list[str]) -> None:
    done = typed(GRADER, *arguments, redirected=">/dev/full")
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("file", "reason"),
    each(2, [
        ("/dev/full", "No space left on device"),
        (".", "Is a directory"),
        ("no/such/folder", "No such file or directory"),
        ("/dev/null/x", "Not a directory"),
        ("zero\0byte", "embedded null byte"),
        ("x" * 300, "File name too long"),
    ]),
)  # fmt: skip
@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_a_file_that_cannot_be_written_is_named_with_the_reason(
    submit: Submit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    file: str,
    reason: str,
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(check, "_require_own", lambda *_: None)
    assert cli.main(["check", str(submit(stub=True)), "--course", str(ROOT), option, file]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert (
        line
        == f"grader check: {checks.command.printable(file)}: cannot be written ({reason}). Next: write it elsewhere."
    )


def test_a_student_or_folder_whose_name_is_no_text_is_graded_and_shown(
    submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submit(stub=True, name="ime\udcff\x1b[2J")
    as_json = tmp_path / "result.json"
    command = ["check", str(folder), "--course", str(ROOT), "--assignment", ASSIGNMENT]
    command += ["--student", "ana\udcff\x1b[2J", "--json"]
    assert cli.main([*command, str(as_json)]) == 1
    assert json.loads(as_json.read_text(encoding="utf-8"))["student"] == "ana??[2J"
    assert cli.main([*command, "-", "--junit", "-"]) == 1
    shown = capsys.readouterr()
    assert (shown.out + shown.err).replace("\n", "").isprintable()


def test_the_same_bytes_are_the_same_student_under_every_locale() -> None:
    under_c = "Š".encode().decode("ascii", "surrogateescape")
    assert check.as_text(under_c) == check.as_text("Š") == "Š"
    assert check.as_text("\udcff") == "\udcff"


@pytest.mark.full
def test_in_the_c_locale_names_with_letters_of_ours_are_read_and_written(handed_out: Release) -> None:
    folder = handed_out("š đ")
    c = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = typed(*CHECKS, cwd=folder, **c)
    assert (done.returncode, done.stderr) == (1, b"")
    done = typed(GRADER, "check", folder, "--student", "Đorđe", "--json", "-", **c)
    assert (done.returncode, json.loads(done.stdout)["student"]) == (1, "Đorđe")


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "x\x1b[2J\x07"],
        ["check", "{folder}", "--assignment", "dropot\x1b[2J\u202e"],
        ["check", "{folder}", "--course", "no\x1b[2Jcourse"],
        ["grade", "dropot\x1b[2J"],
        ["grade", "scale", "--student", "ivo\x9b2J", "--course", "{course}"],
        ["release", "dropot\x1b[2J\n"],
        ["doctor", "--attack", "\x1b[2J"],
        ["chek\x1b[2J"],
        ["check", "{folder}", "--langu\x1b[2J"],
    ],
)
def test_a_name_that_moves_the_cursor_does_not_reach_the_terminal(
    submit: Submit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "course").mkdir()
    (small_course(tmp_path / "course").submitted / "ana\x1b[2J" / "scale").mkdir(parents=True)
    given = [word.format(folder=submit(stub=True), course=tmp_path / "course") for word in arguments]
    assert cli.main(given) == 2
    said = capsys.readouterr()
    assert (said.out + said.err).replace("\n", "").isprintable()
    assert "?[2J" in said.err or "?2J" in said.err or "\\x1b[2J" in said.err


@pytest.mark.parametrize("arguments", [["check", ""], ["check", "x", "--json", ""], ["grade", "x", "--course="]])
def test_an_empty_word_is_refused_in_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "expected a name or a number, found nothing. Next: " in line


@pytest.mark.parametrize("jobs", ["0", "-3", "1001", "9" * 30])
def test_jobs_that_are_none_or_too_many_are_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    course = small_course(tmp_path)
    assert cli.main(["grade", "scale", f"--jobs={jobs}", "--course", str(course.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"grader grade: {jobs} at a time: expected a number from 1 to 1000. Next: ")


def test_a_hidden_folder_is_passed_over_in_so_many_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    course = small_course(tmp_path)
    (course.submitted / ".ivo\x1b[2J" / "scale").mkdir(parents=True)
    (course.submitted / ".ipynb_checkpoints").mkdir()
    (course.submitted / ".DS_Store").touch()
    said = "Left out, since no student's name begins with a dot: .ivo?[2J. Next: "
    with pytest.raises(GraderError) as nobody:
        grade_class(course, "scale")
    assert said in str(nobody.value)
    assert cli.main(["grade", "scale", "--student", ".ivo\x1b[2J", "--course", str(course.root)]) == 2
    assert said in capsys.readouterr().err


# What the command itself raises.

FAULTS: dict[str, tuple[BaseException, str]] = {
    "the kit's own": (KeyError("x"), "a fault of the kit itself: KeyError: 'x' (test_status.py:"),
    "of several lines": (ValueError("a\nb\x1b[2J"), "a fault of the kit itself: ValueError: a b?[2J (test_status.py:"),
    "no memory": (MemoryError(), "a fault of the kit itself: MemoryError (test_status.py:"),
    "foreseen": (GraderError("one\ntwo"), "one two"),
    "an interrupt": (KeyboardInterrupt(), "interrupted."),
    "a file": (
        CannotWrite("x.json", OSError(28, "No space left on device")),
        "x.json: cannot be written (No space left",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_command_raises_is_a_line_and_status_2(fault: str, capsys: pytest.CaptureFixture[str]) -> None:
    error, said = FAULTS[fault]

    def work() -> int:
        raise error

    assert run("grader check", work, foreseen=(GraderError,)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"grader check: {said}")


def test_a_command_that_calls_itself_without_end_is_a_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        return work()

    assert run("grader check", work) == 2
    assert "RecursionError" in capsys.readouterr().err


def test_every_command_of_both_command_lines_stands_under_the_same_guard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib

    from checks import __main__ as of_students

    def fails(*_: object) -> int:
        raise ZeroDivisionError("by chance")

    alone = {name: [name] for name in ("demo", "doctor", "setup", "lab")}
    typed = {**alone, "init": ["init", "x", "--package", "y"], "new": ["new", "x", "--function", "y:z"]}
    typed["translate"] = ["translate", "x", "--language", "en"]
    typed["grades"] = ["grades", "x", "--moodle", "y"]
    for name in cli.COMMANDS:
        module: ModuleType = importlib.import_module(f"grader.commands.{name}")
        monkeypatch.setattr(module, "run", fails)
        assert cli.main(typed.get(name, [name, "x"])) == 2
        assert capsys.readouterr().err.startswith(f"grader {name}: a fault of the kit itself: ZeroDivisionError: by ch")
    monkeypatch.setattr(of_students, "_check", fails)
    assert of_students.main([]) == 2
    assert capsys.readouterr().err.startswith("python -m checks: greška u samim provjerama: ZeroDivisionError: by ch")


def test_an_output_that_fails_in_between_outweighs_what_was_made_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As nbgrader's converters do, which catch whatever a logging handler raises."""

    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    def work() -> int:
        try:
            print("verdict")
        except Exception:
            raise GraderError("something else") from None
        return 0

    monkeypatch.setattr(sys, "stdout", Full())
    assert run("grader release", work, foreseen=(GraderError,)) == 2
    assert capsys.readouterr().err.startswith("grader release: standard output: cannot be written (No space left")


def test_control_characters_are_kept_from_the_terminal_of_the_trusted_side_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> int:
        print("a\x1b[2J\tb")
        print("c\x9b\u202e", file=sys.stderr)
        return 0

    assert run("grader", work, clean=True) == 0
    assert capsys.readouterr() == ("a?[2J\tb\n", "c??\n")
    assert run("grader", work) == 0
    assert "\x1b[2J" in capsys.readouterr().out


# Signals.


def stopped_after(seconds: float, command: tuple[str | Path, ...], cwd: Path, number: int) -> tuple[int, str]:
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    threading.Event().wait(seconds)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


WAITS = """
import sys, time
sys.path.insert(0, {folder!r})
import checks.command
from grader import cli
from grader.commands import check
checks.command.AGAIN = 0.2
def run(options):
    print("ready", flush=True)
    {inner}
check.run = run
sys.argv = ["grader", "check", "x"]
sys.exit(cli.main())
"""
INNER = {
    "at work": "time.sleep(60)",
    "where somebody takes it for his own": "\n    try: time.sleep(60)\n    except BaseException: return 0",
    "where somebody lets it pass": "\n    try: time.sleep(60)\n    except BaseException: pass\n    time.sleep(60)",
    "in a finalizer": "\n    class X:\n        def __del__(self): time.sleep(60)\n    X()\n    time.sleep(60)",
    "with a thread that does not end": "\n    from threading import Thread\n    Thread(target=time.sleep, args=(600,))"
    ".start()\n    time.sleep(60)",
}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("where", INNER)
def test_a_command_that_is_stopped_says_so_and_ends_in_2(name: str, where: str) -> None:
    code = WAITS.format(folder=str(ROOT), inner=INNER[where])
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.wait(60) == 2
        assert process.stderr.read() == "grader check: interrupted.\n"


def test_a_signal_that_comes_before_the_kit_can_answer_waits_for_it(tmp_path: Path) -> None:
    """Sent while Python itself starts, as a program that takes a moment stands in for the interpreter."""
    beside = tmp_path / "bin"
    beside.mkdir()
    (beside / "grader").write_bytes((ROOT / "bin" / "grader").read_bytes())
    (beside / "python").write_text(f'#!/bin/sh\nkill -INT $$\nexec {sys.executable} "$@"\n')
    for path in beside.iterdir():
        path.chmod(0o755)
    done = subprocess.run([beside / "grader", "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "grader: interrupted.\n")
    plain_start = "import os, signal; os.kill(os.getpid(), signal.SIGINT); import grader.cli"
    without = subprocess.run([sys.executable, "-c", plain_start], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Traceback" in without.stderr


def test_ctrl_c_while_the_checks_are_imported_is_no_traceback(handed_out: Release) -> None:
    folder = handed_out()
    package = folder / "checks" / "language.py"
    package.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n" + package.read_text(encoding="utf-8"))
    package.write_text(package.read_text().replace("from __future__ import annotations", "", 1))
    done = typed(*CHECKS, cwd=folder)
    assert (done.returncode, done.stderr) == (2, b"python -m checks: interrupted.\n")


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    code = WAITS.format(folder=str(ROOT), inner="import os, signal; os.kill(os.getpid(), signal.SIGHUP); return 0")
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{code}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.full
@pytest.mark.parametrize("command", ["grader", "checks"])
def test_ctrl_c_at_any_moment_is_2_or_comes_after_the_verdict(handed_out: Release, command: str) -> None:
    folder = handed_out()
    typed_in = (GRADER, "check", folder) if command == "grader" else CHECKS
    for step in range(40):
        status, said = stopped_after(0.03 + step * 0.02, typed_in, folder, signal.SIGINT)
        # What Python itself calls while it imports a module loses what is raised in it, and says so.
        lost = "Exception ignored in: <function _get_module_lock" in said
        assert lost or "Exception" not in said
        if status != -signal.SIGINT:  # the start of Python or of the shell, which the kit cannot answer for
            assert status in (1, 2), said
            assert lost or "Traceback" not in said or (command == "checks" and str(folder) not in said)


# That each of these matters: without the guard, what the attack makes is seen.


def test_without_the_guard_a_small_encoding_ends_in_a_traceback(handed_out: Release) -> None:
    folder = handed_out()
    guard = folder / "checks" / "command.py"
    text = guard.read_text(encoding="utf-8")
    assert "except UnicodeEncodeError as error:" in text
    guard.write_text(text.replace("except UnicodeEncodeError as error:", "except ZeroDivisionError as error:"))
    done = typed(*CHECKS, cwd=folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 2 and b"codec can't encode" in done.stderr
    main = folder / "checks" / "__main__.py"
    guarded = "return run(PROGRAM, work, language=preferred(), alone=arguments is None)"
    assert guarded in main.read_text(encoding="utf-8")
    main.write_text(main.read_text(encoding="utf-8").replace(guarded, "return work()"))
    done = typed(*CHECKS, cwd=folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and b"Traceback" in done.stderr


@pytest.mark.parametrize("missing", ["command.py", "report.py"])
def test_a_file_of_the_checks_that_is_missing_is_a_line_and_status_2(handed_out: Release, missing: str) -> None:
    folder = handed_out()
    (folder / "checks" / missing).unlink()
    done = typed(worker_python(), *CHECKS[1:], cwd=folder)  # where nothing of the kit is installed, as at a student's
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("python -m checks: ") and missing.removesuffix(".py") in line
