"""A notebook in a second language: what translators get, what a release refuses, and a class in both languages."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from a_course import LAYERS, notebook, save, small_course, write
from classroom import NO_KERNEL, SOLVED, WRONG, autograde, cell_of, graded_notebook, scores, solve
from forms import each
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from grader.classroom.gradebook import course_config, write_feedback
from grader.classroom.handin.lms import _handed_out, plan
from grader.classroom.results import read_record, staleness
from grader.classroom.steps.for_instructor import ModelAnswers
from grader.classroom.whole_class import grade_class
from grader.cli import main
from grader.course import CONFIG, KIT, Course
from grader.errors import GraderError
from grader.grading.spoken import as_handed_out
from grader.publish.proof import read_files
from grader.publish.release import release, stale
from grader.text import sentences
from grader.translation.catalogue import Entry, Translation, place, read
from grader.translation.catalogue import write as write_catalogue
from grader.translation.update import update

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

RUBRIC = "Faktor od nule gasi kolonu.\n\n**Bodovanje**\n\n- 1 bod: gasi;\n- 1 bod: kolonu."
SHOW = '%matplotlib inline\nfor step in (1, 2):\n    print(f"korak {step} od {2:d}")  # dva koraka\nlabel = "epoha"'
QUESTION = "**Pitanje 1 (2 boda).** Šta radi nula?"
ENGLISH = {
    "title": "# Scaling",
    "show": SHOW.replace("korak {step} od {2:d}", "of {2:d} steps, {step}")
    .replace("dva koraka", "two steps")
    .replace("epoha", "epoch"),
    "question": "**Question 1 (2 points).** What does zero do?",
    "answer": "A factor of zero turns a column off.\n\n**Grading**\n\n- 1 point: off;\n- 1 point: a column.",
}


def book() -> NotebookNode:
    """The notebook of the small course with a question, its rubric, and code that has something to read."""
    made = notebook()
    locked = {"grade": False, "locked": True, "schema_version": 3, "solution": False, "task": False}
    show = nbformat.v4.new_code_cell(SHOW, id="show", metadata={"nbgrader": locked | {"grade_id": "show"}})
    asked = nbformat.v4.new_markdown_cell(QUESTION, id="question", metadata={"nbgrader": locked | {"grade_id": "q"}})
    made.cells[-1].source = RUBRIC
    made.cells[-1:-1] = [show, asked]
    return made


def where(course: Course) -> Path:
    return place(course, "scale", "en")


def translate(course: Course, texts: dict[str, str] = ENGLISH) -> None:
    """Make the catalogue and write some texts into it."""
    update(course, "scale", "en")
    change(course, lambda entry: replace(entry, text=texts.get(entry.cell, entry.text)))


def change(course: Course, each: Callable[[Entry], Entry | None]) -> None:
    """Change or remove entries of the catalogue, as an editor does."""
    known = read(where(course), "")
    entries = tuple(changed for entry in known.entries if (changed := each(entry)))
    write_catalogue(where(course), "scale", "en", Translation(entries, known.aside, known.header))


def a_course(folder: Path) -> Course:
    course = small_course(folder)
    save(course, book())
    translate(course)
    return course


def english(course: Course) -> Course:
    return course.spoken_in("en")


def read_book(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


# What translators get.


def test_translators_get_every_cell_with_words_whole_and_nothing_else(tmp_path: Path) -> None:
    course = small_course(tmp_path)
    save(course, book())
    assert main(["translate", "scale", "--language", "en", "--course", str(tmp_path)]) == 0
    entries = {entry.cell: entry for entry in read(where(course), "").entries}
    # Not the check cell, nor the code without a text or comment, nor the cell for the source alone.
    assert [*entries] == [*ENGLISH]
    sources = {cell.id: cell.source for cell in book().cells}
    assert {cell: entry.original for cell, entry in entries.items()} == {cell: sources[cell] for cell in entries}
    assert not any(entry.text for entry in entries.values())
    assert entries["answer"].kind == "model answer, with its rubric"


def test_updating_keeps_every_translation_and_says_what_to_look_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    course = a_course(tmp_path)
    change(course, lambda entry: replace(entry, comments=("Say factor, not multiplier.",)))
    before = where(course).read_bytes()
    typed = ["translate", "scale", "--language", "en", "--course", str(tmp_path)]
    assert main(typed) == 0
    assert "Nothing to change" in capsys.readouterr().out and where(course).read_bytes() == before

    changed = book()
    by_id = {cell.id: cell for cell in changed.cells}
    by_id["title"].source = "# Skaliranje kolona"
    by_id["show"].id = "shown"
    changed.cells.remove(by_id["question"])
    changed.cells.append(nbformat.v4.new_markdown_cell("Kraj.", id="end"))
    save(course, changed)
    assert main(typed) == 0
    said = capsys.readouterr().out
    assert all(line in said for line in ("new: end\n", "changed: title\n", "set aside: question\n"))
    known = read(where(course), "")
    entries = {entry.cell: entry for entry in known.entries}
    assert (entries["title"].text, entries["title"].changed) == ("# Scaling", True)
    assert (entries["title"].original, entries["title"].previous) == ("# Skaliranje kolona", "# Skaliranje")
    assert (entries["shown"].text, entries["shown"].changed) == (ENGLISH["show"], False)
    assert all(entry.comments == ("Say factor, not multiplier.",) for entry in entries.values() if entry.text)
    assert [(entry.cell, entry.text) for entry in known.aside] == [("question", ENGLISH["question"])]
    by_id["title"].source = "# Skaliranje svih kolona"
    save(course, changed)
    update(course, "scale", "en")
    assert read(where(course), "").entries[0].previous == "# Skaliranje", "what was translated, not what came between"

    save(course, book())
    update(course, "scale", "en")
    back = {entry.cell: (entry.text, entry.original) for entry in read(where(course), "").entries}
    assert back == {cell.id: (ENGLISH[cell.id], cell.source) for cell in book().cells if cell.id in ENGLISH}


def test_what_translators_tools_write_is_read_as_they_mean_it(tmp_path: Path) -> None:
    course = a_course(tmp_path)
    text = where(course).read_text(encoding="utf-8")
    lines = '# Ana: ok?\n#, fuzzy, no-wrap\n#| msgctxt "title"\n#| msgid ""\n#| "# Staro\\n"\n#| "\\"dva\\""\n'
    lines += 'msgctxt "title"'
    where(course).write_text(text.replace('msgctxt "title"', lines).replace("\n", "\r\n"), encoding="utf-8", newline="")
    [title, *_] = read(where(course), "").entries
    assert (title.cell, title.original, title.text) == ("title", "# Skaliranje", "# Scaling")
    assert (title.changed, title.previous, title.comments) == (True, '# Staro\n"dva"', ("Ana: ok?",))


# What a release refuses.


def other(cell: str, text: str) -> Callable[[Entry], Entry]:
    return lambda entry: replace(entry, text=text) if entry.cell == cell else entry


SHORT = ENGLISH["answer"].rpartition("\n")[0]
REFUSED: dict[str, tuple[Callable[[Entry], Entry | None], str]] = {
    "no entry": (lambda entry: entry if entry.cell != "show" else None, "cell 'show' is not translated, and has no"),
    "no text": (other("title", " \n"), r"cell 'title' is not translated. Next: write its msgstr."),
    "flagged": (lambda entry: replace(entry, changed=entry.cell == "title"), "cell 'title' changed since it was"),
    "original changed": (
        lambda entry: replace(entry, original="# Staro") if entry.cell == "title" else entry,
        "cell 'title' changed since it was translated. Next: grader translate scale --language en, then",
    ),
    "too many": (
        lambda entry: replace(entry, cell="gone") if entry.cell == "title" else entry,
        "cell 'title' is not translated, and has no entry",
    ),
    "rubric left out": (
        other("answer", ENGLISH["answer"].partition("\n")[0]),
        "has 3 paragraphs, and it has 1: a part",
    ),
    "half a rubric": (other("answer", SHORT), "cell 'answer' is not the same in translation: its original has 2 items"),
    "other code": (other("show", ENGLISH["show"].replace("(1, 2)", "(1, 3)")), "cell 'show' is not the same in"),
    "another value": (
        other("show", ENGLISH["show"].replace("{2:d}", "{3:d}")),
        "in the For that there begins in line 2",
    ),
    "less code": (other("show", ENGLISH["show"].rpartition("\n")[0]), "more or fewer statements"),
    "no Python": (other("show", ENGLISH["show"] + '"'), "it is no Python"),
    "another magic": (other("show", ENGLISH["show"].replace("inline", "widget")), "for IPython"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_translated_is_one_line_with_file_cell_and_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    course = a_course(tmp_path)
    each, said = REFUSED[case]
    change(course, each)
    assert main(["release", "scale", "--language", "en", "--no-execute", "--course", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).splitlines()
    # An entry under another name is one too many, too: then each has its line, and the last line sums up.
    assert len(lines) == (3 if case == "too many" else 1)
    assert all("source/scale.en.po: " in line and "Next: " in line for line in lines)
    assert said in lines[0]
    if case == "too many":
        assert "cell 'gone' is translated, and the notebook has no such cell" in lines[1]
        assert "2 entries are not as the notebook is now" in lines[2]
    assert not course.release.exists()


def test_a_catalogue_that_is_not_there_or_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    course = a_course(tmp_path)
    text = where(course).read_text(encoding="utf-8")
    for content, said in (
        (
            text.replace('msgstr "# Scaling"', 'masgstr "# Scaling"'),
            r"^source/scale\.en\.po, line \d+: expected gettext",
        ),
        (
            text.replace("#. markdown", 'msgctxt "title"\nmsgid "# Dva"\nmsgstr "# Two"\n\n#. markdown', 1),
            r"^source/scale\.en\.po: cell 'title' is there 2 times\. Next: leave one of them\.",
        ),
    ):
        where(course).write_text(content, encoding="utf-8")
        with pytest.raises(GraderError, match=said):
            release(english(course), "scale", execute=False)
    where(course).write_bytes(text.encode("utf-16"))
    with pytest.raises(GraderError, match=r"^source/scale\.en\.po: expected gettext's PO form in UTF-8, found"):
        release(english(course), "scale", execute=False)
    where(course).unlink()
    with pytest.raises(GraderError, match=r"no such file\. Next: grader translate scale --language en\."):
        release(english(course), "scale", execute=False)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("translate scale --language cnr", "--language cnr: the course's notebooks are written in it. Next: "),
        ("release scale --language en", "--language en: this course has cnr. Next: "),
    ],
)
def test_a_language_that_makes_no_sense_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str, said: str
) -> None:
    small_course(tmp_path)
    (tmp_path / "course.toml").write_text('languages = ["cnr"]')
    assert main([*typed.split(), "--course", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_a_catalogue_may_not_lie_where_nbgrader_would_hand_it_out(tmp_path: Path) -> None:
    course = a_course(tmp_path)
    shutil.copy(where(course), course.source / "scale")
    with pytest.raises(GraderError, match=r"^source/scale/scale\.en\.po: a catalogue holds the model answers"):
        release(course, "scale", execute=False)


# What is released.


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course, released in both languages; not to be changed."""
    course = a_course(tmp_path_factory.mktemp("released"))
    write(course.package / "layers.py", LAYERS)
    (course.root / "course.toml").write_text('title = { cnr = "Mreže", en = "Networks" }\nassignments = ["scale"]\n')
    with (course.root / CONFIG).open("a", encoding="utf-8") as file:
        file.write(NO_KERNEL)
    release(course, "scale", execute=False)
    before = read_files(course.release)
    release(english(course), "scale", execute=False)
    assert {path: before[path] for path in before} == {
        path: content for path, content in read_files(course.release).items() if not path.startswith("en/")
    }
    return course


@pytest.fixture
def course(released: Course, tmp_path: Path) -> Course:
    """A copy of it, to change."""
    shutil.copytree(released.root, tmp_path / "a course")
    return Course(tmp_path / "a course")


def test_the_english_release_is_the_same_assignment_in_english(released: Course) -> None:
    first, second = (read_files(one.release / "scale") for one in (released, english(released)))
    assert first.keys() == second.keys()
    books = [nbformat.reads(files["scale.ipynb"].decode(), as_version=4) for files in (first, second)]
    assert [cell.id for cell in books[0].cells] == [cell.id for cell in books[1].cells]
    for one, two in zip(*(book.cells for book in books), strict=True):
        same = [{**cell.metadata.get("nbgrader", {}), "checksum": ""} for cell in (one, two)]
        assert same[0] == same[1]
        expected = "*Your answer*" if one.id == "answer" else ENGLISH.get(one.id, one.source)
        assert two.source == expected
    manifest = json.loads(second["checks/manifest.json"])
    assert manifest["languages"] == ["en", "cnr"] and manifest["questions"] == {"answer": "Question 1 (2 points)"}
    assert second["README.md"].decode().startswith("# Networks: scale\n\nEverything you need")
    stub = second["funkcije/layers.py"].decode()
    assert 'NotImplementedError("scale_forward: not written yet")' in stub and "još" not in stub
    assert not any(ENGLISH["answer"][:20].encode() in content for content in {**first, **second}.values())
    assert read_book(english(released).solutions / "scale" / "scale.ipynb").cells[-1].source == ENGLISH["answer"]


def test_the_gradebook_knows_one_assignment_in_the_courses_first_language(released: Course) -> None:
    with Gradebook(f"sqlite:///{released.root / 'grades.db'}", "funkcije") as book:
        assert [assignment.name for assignment in book.assignments] == ["scale"]
        assert book.find_source_cell("q", "scale", "scale").source == QUESTION
    config = course_config(released)
    assert [one["name"] for one in NbGraderAPI(config=config).get_assignments()] == ["scale"]


@pytest.mark.parametrize("language", each(2, ["en", "cnr"]))
def test_in_each_language_the_stub_earns_nothing_and_the_solution_everything_in_that_language(
    released: Course, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    spoken = released.spoken_in(language)
    words = {"cnr": "od 4 bodova", "en": "of 4 points"}[language]
    for folder, status, points in ((spoken.release, 1, 0), (spoken.solutions, 0, 4)):
        assert main(["check", str(folder / "scale"), "--course", str(released.root)]) == status
        assert f"{points} {words}" in capsys.readouterr().out
        command = [sys.executable, "-m", "checks"]
        done = subprocess.run(command, cwd=folder / "scale", capture_output=True, text=True, check=False)
        assert (done.returncode, f"{points} {words}" in done.stdout) == (status, True)


def test_a_changed_translation_makes_the_release_in_its_language_stale_and_no_other(course: Course) -> None:
    before = read_files(course.source)
    (course.root / "grades.db").unlink()
    release(english(course), "scale", execute=False)  # also where there is no gradebook yet
    assert read_files(course.source) == before
    change(course, other("title", "# Scaling columns"))
    assert [line.partition(" ")[0] for line in stale(course, "scale")] == ["solutions/scale:"]  # was not executed
    lines = stale(english(course), "scale")
    assert lines[0].startswith("release/en/scale: older than its source (source changed)")
    assert all("Next: grader release scale --language en." in line for line in lines)


def test_where_the_course_speaks_english_first_every_path_releases_in_english(tmp_path: Path) -> None:
    course = a_course(tmp_path)
    (tmp_path / "course.toml").write_text('languages = ["en", "cnr"]\noriginal = "cnr"\n')
    release(course, "scale", execute=False)
    made = read_files(course.release / "scale")
    assert NbGraderAPI(config=course_config(course)).generate_assignment("scale")["success"]
    assert read_files(course.release / "scale") == made
    sources = {cell.id: cell.source for cell in nbformat.reads(made["scale.ipynb"].decode(), as_version=4).cells}
    assert {cell: sources[cell] for cell in ("title", "show", "question")} == {
        cell: ENGLISH[cell] for cell in ("title", "show", "question")
    }
    with Gradebook(f"sqlite:///{tmp_path / 'grades.db'}", "funkcije") as book:
        assert book.find_source_cell("q", "scale", "scale").source == ENGLISH["question"]
    original = course.spoken_in("cnr")
    assert (original.release, original.settings.translates_to) == (tmp_path / "release" / "cnr", None)


# A class that is mixed.


def hand_in(course: Course, student: str, body: str | None = SOLVED) -> Path:
    """Hand in the release in the language of the course that is given, filled in."""
    folder = course.submitted / student / "scale"
    shutil.copytree(course.release / "scale", folder)
    if body is not None:
        solve(folder / "funkcije" / "layers.py", body)
    return folder


def write_answer(folder: Path, text: str) -> None:
    made = read_book(folder / "scale.ipynb")
    cell_of(made, "answer").source = text
    nbformat.write(made, folder / "scale.ipynb")


@pytest.mark.parametrize("more", [{}, pytest.param({"right": SOLVED, "stub": None}, marks=pytest.mark.full)])
def test_in_a_mixed_class_points_are_the_same_and_everyone_is_answered_in_their_language(
    course: Course, more: dict[str, str | None]
) -> None:
    students = {}
    for language in ("cnr", "en"):
        spoken = course.spoken_in(language)
        for name, body in {"wrong": WRONG, **more}.items():
            hand_in(spoken, f"{language}-{name}", body)
            students[f"{language}-{name}"] = {SOLVED: 4.0, WRONG: 1.0, None: 0.0}[body]
        # Without a notebook, with nothing else, and with locked cells that were changed.
        (hand_in(spoken, f"{language}-modules") / "scale.ipynb").unlink()
        shutil.rmtree(hand_in(spoken, f"{language}-notebook", None) / "funkcije")
        write_answer(folder := hand_in(spoken, f"{language}-answer"), "Gasi / off.")
        made = read_book(folder / "scale.ipynb")
        cell_of(made, "show").source = "print('x')"
        nbformat.write(made, folder / "scale.ipynb")
        students |= {f"{language}-modules": 4.0, f"{language}-notebook": 0.0, f"{language}-answer": 4.0}
    by_button = [*students] if more else ["cnr-answer", "en-answer"]
    assert all(autograde(course, *by_button).values())
    if not more:
        rows = grade_class(course, "scale")
        assert {row.student: row.problem for row in rows} == dict.fromkeys(students, "")
    assert scores(course) == students
    waits = ("answer", "modules")  # what was written, or may be elsewhere, waits for a person
    assert scores(course, "answer") == {name: None if name.endswith(waits) else 0.0 for name in students}
    texts = {"cnr": {cell.id: cell.source for cell in book().cells}, "en": ENGLISH}
    for student in students:
        language, _, kind = student.partition("-")
        record = read_record(course, "scale", student)
        assert record is not None and (record.result.language, staleness(course, record)) == (language, "")
        expected = {"modules": ["no_notebook", "answers_wait"], "notebook": ["no_package"], "answer": ["cells_changed"]}
        assert [note.key for note in record.notes] == expected.get(kind, []), (student, record.notes)
        assert not record.result.warnings
        shown = graded_notebook(course, student)
        for cell in ("show", "q"):
            assert cell_of(shown, cell).source == texts[language]["question" if cell == "q" else cell]
    write_feedback(course, "scale")
    for language, question in (("cnr", "Pitanje 1"), ("en", "Question 1")):
        page = (course.root / "feedback" / f"{language}-wrong" / "scale" / "scale.html").read_text(encoding="utf-8")
        assert question in page and sentences(language)("page_no_response") in page


@pytest.mark.parametrize("language", ["cnr", "en"])
@pytest.mark.parametrize("kept", ["scale.ipynb", "funkcije/layers.py", "README.md"])
def test_any_file_of_a_release_tells_the_language_that_it_was_handed_out_in(
    course: Course, tmp_path: Path, language: str, kept: str
) -> None:
    spoken, folder = course.spoken_in(language), tmp_path / "handed in"
    (folder / kept).parent.mkdir(parents=True)
    shutil.copy(spoken.release / "scale" / kept, folder / kept)
    assert as_handed_out(course, course.assignment("scale"), folder) == spoken
    (folder / kept).write_text("nothing of either", encoding="utf-8")
    assert as_handed_out(course, course.assignment("scale"), folder) == course


def test_formgrader_shows_the_rubric_in_the_language_of_the_hand_in(course: Course) -> None:
    step = ModelAnswers(parent=None, config=course_config(course))
    step._is_formgraders = lambda resources: True  # type: ignore[method-assign]
    for language, rubric in (("cnr", RUBRIC), ("en", ENGLISH["answer"])):
        made = read_book(course.spoken_in(language).release / "scale" / "scale.ipynb")
        shown, _ = step.preprocess(made, {"assignment_id": "scale"})
        assert [cell.id for cell in shown.cells if rubric in cell.source] == [f"model-{len(made.cells) - 1}"]


def test_a_handout_in_either_language_that_lies_beside_the_work_takes_nothings_place(course: Course) -> None:
    extracted = course.root / "downloaded"
    for number, language in enumerate(("cnr", "en")):
        entry = extracted / f"Ana Anić{number}_{number}_assignsubmission_file_"
        for name, body in (("mine", SOLVED), ("handout", None)):
            shutil.copytree(course.spoken_in(language).release / "scale", entry / name / "scale")
            if body:
                solve(entry / name / "scale" / "funkcije" / "layers.py", body)
    made = plan(extracted, "scale", ("layers.py",), _handed_out(course, "scale"))
    taken = [path for path, (_, name) in made.files.items() if name == "funkcije/layers.py"]
    assert len(taken) == 2 and all("mine" in path.parts for path in taken)


def test_a_hand_in_in_english_is_found_complete_or_told_in_english_what_it_lacks(course: Course) -> None:
    folder = hand_in(english(course), "ana")
    command = [sys.executable, "-m", "checks", "--hand-in"]
    lacking = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    assert "Question 1 (2 points): the answer is not written" in lacking
    write_answer(folder, "Off.")
    complete = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    assert "Question 1" not in complete and (folder.parent / "scale.zip").is_file()


# The package's own words.


@pytest.mark.parametrize(
    ("languages", "variable", "expected"),
    [
        (["en", "cnr"], "", "Saved: x | CIFAR-10 cannot be downloaded"),
        (["en", "cnr"], "cnr", "Sačuvano: x | CIFAR-10 cannot be downloaded"),
        (["cnr", "en"], "", "Sačuvano: x | CIFAR-10 se ne može preuzeti (CIFAR-10 cannot be downloaded)"),
        (["cnr", "en"], "en", "Saved: x | CIFAR-10 se ne može preuzeti (CIFAR-10 cannot be downloaded)"),
        (None, "", "Sačuvano: x | CIFAR-10 se ne može preuzeti (CIFAR-10 cannot be downloaded)"),
    ],
)
def test_what_plots_and_prints_say_follows_the_release_and_the_variable_the_person(
    tmp_path: Path, languages: list[str] | None, variable: str, expected: str
) -> None:
    (tmp_path / "funkcije").mkdir()
    (tmp_path / "funkcije" / "__init__.py").touch()
    shutil.copy(KIT / "funkcije" / "messages.py", tmp_path / "funkcije")
    if languages:
        write(tmp_path / "checks" / "manifest.json", json.dumps({"languages": languages}))
    code = "from funkcije.messages import say, tell; print(tell('saved', file='x'), '|', say('no_network'))"
    environment = {"PYTHONIOENCODING": "utf-8", **({"FUNKCIJE_LANG": variable} if variable else {})}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == expected
