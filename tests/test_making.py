"""`grader init` and `grader new`: what they write can be released and graded at once, and nothing is overwritten."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from forms import each, only

from grader import cli
from grader.classroom.gradebook import write_feedback
from grader.classroom.whole_class import grade_class
from grader.course import CONFIG, Course
from grader.making.files import filled
from grader.publish.release import release
from grader.sandbox.launch import worker_python

ROOT = Path(__file__).resolve().parent.parent
RELEASED = "quadrature"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in English as `grader init` writes it, on a path with a space, released; not to be changed."""
    folder = tmp_path_factory.mktemp("made") / "my course"
    assert cli.main(["init", str(folder), "--package", "numerika", "--language", "en"]) == 0
    release(Course(folder), RELEASED, execute=False)
    return Course(folder)


@pytest.fixture
def copy(course: Course, tmp_path: Path) -> Course:
    """A copy of it, to change."""
    shutil.copytree(course.root, tmp_path / "a copy")
    return Course(tmp_path / "a copy")


def typed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command."""
    capsys.readouterr()
    status = cli.main([*arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_course_is_released_and_its_stub_earns_nothing_and_its_solution_everything(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["--course", str(course.root)]
    status, out, _ = typed(capsys, "check", str(course.release / RELEASED), *root)
    assert (status, "0 of 2 points" in out) == (1, True)
    assert "write it in numerika/quadrature.py" in out
    status, out, _ = typed(capsys, "check", str(course.solutions / RELEASED), *root)
    assert (status, "2 of 2 points" in out) == (0, True)
    assert typed(capsys, "release", RELEASED, "--check", *root)[0] == 1, "only its notebook was not executed"


def test_a_new_course_holds_what_an_instructor_needs_and_its_files_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = typed(capsys, "init", str(tmp_path / "new"), "--package", "numerika")
    assert status == 0
    written = {line.strip() for line in out.splitlines() if line.startswith("  ")}
    assert written == set(files_of(tmp_path / "new"))
    assert {"course.toml", CONFIG, "README.md", ".gitignore", ".ci/run", "submitted/.gitkeep"} < written
    assert {"numerika/__init__.py", "numerika/quadrature.py", "docs/contracts/trapezoid.md"} < written
    assert (tmp_path / "new" / ".ci" / "run").stat().st_mode & 0o111
    settings = tomllib.loads((tmp_path / "new" / "course.toml").read_text())
    assert (settings["package"], settings["languages"], settings["assignments"]) == ("numerika", ["en"], ["quadrature"])


@pytest.mark.parametrize("there", ["README.md", ".git/HEAD", "numerika/other.py"])
def test_init_writes_nothing_where_anything_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], there: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("mine")
    before = files_of(tmp_path)
    status, out, err = typed(capsys, "init", str(tmp_path), "--package", "numerika")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and "nothing is overwritten. Next: name a new folder." in err
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("name", ["numpy", "checks", "Num", "a-b", "", "class"])
def test_init_refuses_a_package_that_could_not_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    status, _, err = typed(capsys, "init", str(tmp_path / "new"), "--package", name)
    assert status == 2 and "expected a name" in err and not (tmp_path / "new").exists()


def test_init_writes_no_course_among_what_was_handed_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = typed(capsys, "init", str(tmp_path / "submitted" / "ana"), "--package", "numerika")
    assert status == 2 and "lies in submitted/" in err and not (tmp_path / "submitted").exists()


FUNCTIONS = {
    # A function that students write: what the skeleton draws for it.
    "def f(x):\n    {}\n    out = np.asarray(x).sum()\n    {}\n    return out\n": {"x": "rng.normal(size=N)"},
    "def f(A):\n    {}\n    out = A @ A.T\n    {}\n    return out\n": {"A": "rng.normal(size=N)"},
    "def f(A):\n    {}\n    rows, columns = A.shape\n    {}\n    return A / rows\n": {"A": "rng.normal(size=(N, D))"},
    "def f(x, n: int, scale=2.0):\n    {}\n    out = x**n * scale\n    {}\n    return out, n\n": {
        "x": "rng.normal(size=N)",
        "n": "int(rng.integers(1, 4))",
    },
}


@pytest.mark.parametrize("source", only([*FUNCTIONS][2:], FUNCTIONS))
def test_new_reads_what_a_function_takes_and_the_assignment_is_released_at_once(
    copy: Course, capsys: pytest.CaptureFixture[str], source: str
) -> None:
    marked = source.format("### BEGIN SOLUTION other", "### END SOLUTION")
    (copy.package / "other.py").write_text(f"import numpy as np\n\n\n{marked}")
    status, out, _ = typed(capsys, "new", "other", "--function", "other:f", "--course", str(copy.root))
    assert status == 0 and "Next: grader release other" in out
    checks = (copy.checks / "other" / "__init__.py").read_text()
    assert f"return student.f({', '.join(FUNCTIONS[source].values())})" in checks
    release(copy, "other", execute=False)
    assert "raise NotImplementedError" in (copy.release / "other" / "numerika" / "other.py").read_text()


def test_new_overwrites_nothing(copy: Course, capsys: pytest.CaptureFixture[str]) -> None:
    before = files_of(copy.root)
    status, out, err = typed(capsys, "new", RELEASED, "--function", "quadrature:trapezoid", "--course", str(copy.root))
    assert (status, out) == (2, "") and "is there already, and nothing is overwritten" in err and err.count("\n") == 1
    assert files_of(copy.root) == before


REFUSED = {
    # What was typed: what the line says.
    "other quadrature": "--function quadrature: expected MODULE:FUNCTION",
    "other nothing:f": "numerika/nothing.py: no such module",
    "other ../numerika/quadrature:trapezoid": "no such module",
    "other quadrature:nothing": "numerika/quadrature.py: no function nothing in it",
    "other quadrature:trapezoid": "trapezoid has no region of the assignment other",
    "a-b quadrature:trapezoid": "a-b: expected a name such as 'roots'",
    "words odd:words": "words takes neither arrays nor numbers as a skeleton draws them (AttributeError",
    "keyword odd:keyword": "or some by keyword alone, for which there is no skeleton",
}


@pytest.mark.parametrize("line", REFUSED)
def test_new_says_in_one_line_what_does_not_fit_and_writes_nothing(
    copy: Course, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    (copy.package / "odd.py").write_text(
        dedent(
            """
            def words(text):
                ### BEGIN SOLUTION words
                out = text.split()
                ### END SOLUTION
                return out


            def keyword(*, x):
                ### BEGIN SOLUTION keyword
                out = x
                ### END SOLUTION
                return out
            """
        )
    )
    before = files_of(copy.root)
    name, function = line.split()
    status, out, err = typed(capsys, "new", name, "--function", function, "--course", str(copy.root))
    assert (status, out) == (2, "")
    assert REFUSED[line] in err and "Next: " in err and err.count("\n") == 1
    assert {path: content for path, content in files_of(copy.root).items() if "__pycache__" not in path} == before


def test_the_kits_own_course_is_configured_as_a_new_one_is() -> None:
    names = {"package": "funkcije", "answer": "Vaš odgovor / your answer"}
    names |= dict.fromkeys(("title", "languages", "python", "name"), "")
    made = filled("course", names)[CONFIG].decode().splitlines()
    own = (ROOT / CONFIG).read_text(encoding="utf-8").splitlines()
    more = [line for line in own if line not in made]
    assert [line for line in made if line not in own] == []
    assert len(more) == 2 and more[1].startswith("c.ExecuteForReading.prepare"), more


def sentences_of(language: str, other: str) -> Iterator[str]:
    """What the kit says in one language, piece by piece between what is filled in, and not in the other."""
    for file in (ROOT / "grader" / "messages.toml", ROOT / "checks" / "messages.toml"):
        for sentence in tomllib.loads(file.read_text(encoding="utf-8")).values():
            for piece in re.split(r"\{\w*\}", sentence[language]):
                if len(piece.strip()) > 8 and piece.strip() not in sentence[other]:
                    yield piece.strip()


def shown_in(course: Course) -> Iterator[tuple[str, str]]:
    """Where, and what, students read of a course: its release, verdicts, graded notebooks, feedback."""
    for name, content in files_of(course.root).items():
        shown = name.startswith(("release/", "solutions/", "autograded/", "feedback/", ".grader/results/"))
        if shown and content and "/checks/" not in name and not name.endswith(".pyc"):
            yield name, content.decode(errors="replace")


@pytest.mark.parametrize(("languages", "absent"), each(2, [(["en"], "cnr"), (["cnr"], "en")]))
def test_the_words_of_a_language_that_was_left_out_never_show(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    languages: list[str],
    absent: str,
) -> None:
    if languages == ["en"]:
        course = request.getfixturevalue("copy")
    else:
        spoken = [word for language in languages for word in ("--language", language)]
        assert cli.main(["init", str(tmp_path / "course"), "--package", "numerika", *spoken]) == 0
        course = Course(tmp_path / "course")
        release(course, RELEASED, execute=False)
    for student, body in {"stub": None, "wrong": "y.sum()", "raises": "y[99]", "shape": "y"}.items():
        folder = course.submitted / student / RELEASED
        shutil.copytree(course.release / RELEASED, folder)
        module = folder / "numerika" / "quadrature.py"
        if body is not None:
            module.write_text(f"import torch\n\n\ndef trapezoid(y, h):\n    return {body}\n")
    shutil.rmtree(course.submitted / "stub" / RELEASED / "numerika")
    (course.submitted / "shape" / RELEASED / f"{RELEASED}.ipynb").unlink()
    rows = grade_class(course, RELEASED)
    assert [row.problem for row in rows] == [""] * 4
    write_feedback(course, RELEASED)
    capsys.readouterr()
    wrong = course.submitted / "wrong" / RELEASED
    texts = dict(shown_in(course))
    assert {f"autograded/wrong/{RELEASED}/{RELEASED}.ipynb", f"feedback/wrong/{RELEASED}/{RELEASED}.html"} < set(texts)
    for form in ([], ["--json", "-"], ["--junit", "-"]):
        cli.main(["check", str(wrong), "--course", str(course.root), *form])
        texts["check", *form] = capsys.readouterr().out
    for asked in ([], ["--hand-in"], ["--json", "-"]):
        command = [worker_python(), "-m", "checks", *asked]
        texts["student", *asked] = subprocess.run(command, cwd=wrong, capture_output=True, text=True).stdout
    assert all(texts.values())
    [present] = languages
    assert any(piece in text for piece in sentences_of(present, absent) for text in texts.values())
    unspoken = [*sentences_of(absent, present)]
    assert [(where, piece) for where, text in texts.items() for piece in unspoken if piece in text] == []


def test_a_language_that_the_course_does_not_speak_is_refused_in_one_line(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(course.solutions / RELEASED)
    status, _, err = typed(capsys, "check", folder, "--course", str(course.root), "--language", "cnr")
    assert status == 2 and "--language cnr: this course has en. Next: " in err


def test_a_release_says_for_itself_which_package_and_languages_it_has(course: Course) -> None:
    manifest = json.loads((course.release / RELEASED / "checks" / "manifest.json").read_text())
    assert (manifest["package"], manifest["languages"]) == ("numerika", ["en"])
