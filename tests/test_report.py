"""`grader report NAME`: the class in one page, and what is in it comes from the records that everything else shows."""

from __future__ import annotations

import csv
import html
import json
import os
import re
import shutil
import sqlite3
import string
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from a_course import small_course, write
from classroom import WRONG, cell_of, edit_notebook, fingerprint, give_by_hand, hand_in, released_course, save_notebook
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from checks.result import CheckResult, Diagnosis, Result
from grader import cli
from grader.classroom import results, status
from grader.classroom.export import export_csv
from grader.classroom.gradebook import Held, by_hand, grades, held, name_of_cell, open_gradebook, write_feedback
from grader.classroom.report.figures import histogram, parts
from grader.classroom.report.make import read_report, write_report
from grader.classroom.report.numbers import Numbers, numbers_of
from grader.classroom.report.page import number, page, percent
from grader.classroom.report.places import write_page
from grader.classroom.results import Record
from grader.classroom.rows import Row
from grader.classroom.status import Standing, standings
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.errors import GraderError
from grader.grading import files
from grader.text import Note

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = """<img src=x onerror=alert(1)> "ana' {{ 7 * 7 }} &lt;"""
"""A student's name, and so a folder's."""
NAME = "Đurđa Šekularac"


# A class that is graded once; each test looks at it, or at a copy.


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[Row]]:
    course = released_course(tmp_path_factory.mktemp("report"))
    folder = hand_in(course, "ana")
    notebook = edit_notebook(folder)
    cell_of(notebook, "answer").source = "Zato."
    save_notebook(folder, notebook)
    hand_in(course, "bo", WRONG)
    hand_in(course, HOSTILE, '    raise ValueError("<script>alert(1)</script>")\n')
    (hand_in(course, "no-notebook", None) / "scale.ipynb").unlink()
    rows = grade_class(course, "scale")
    hand_in(course, "novi-student")
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_student("absent")
    return course, rows


@pytest.fixture
def course(graded: tuple[Course, list[Row]], tmp_path: Path) -> Course:
    """A copy of it, to be changed."""
    shutil.copytree(graded[0].root, tmp_path / "course")
    return Course(tmp_path / "course")


def report(course: Course, *options: str) -> int:
    return cli.main(["report", "scale", *options, "--course", str(course.root)])


def line_of(course: Course, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """What the command says where it writes nothing."""
    assert report(course, *options) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert said.out == "" and "Next: " in line
    return line


def test_each_number_is_that_of_the_table_of_the_status_and_of_the_csv(
    graded: tuple[Course, list[Row]], tmp_path: Path
) -> None:
    course, rows = graded
    export_csv(course, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    data = read_report(course, "scale").data()
    numbers = read_report(course, "scale").numbers

    assert {row.student: row.total for row in rows} == dict(
        zip([one.student for one in numbers.counted], numbers.automatic, strict=True)
    )
    assert sorted(numbers.automatic) == sorted(float(exported[row.student]["auto_score"]) for row in rows)
    assert data["counts"] == {
        "graded": 4, "stale": 0, "not_graded": 1, "not_handed_in": 1, "waiting": 2, "to_look_at": 1,
    }  # fmt: skip
    assert {one["student"]: one["points"] for one in data["students"] if one["points"] is not None} == {
        row.student: float(exported[row.student]["score"]) for row in rows
    }
    for task in data["tasks"]:
        for check in task["checks"]:
            points = [float(exported[row.student][check["check"]]) for row in rows]
            assert check["judged"] == len(rows)
            assert check["passed"] == sum(value == check["max_points"] for value in points)
    assert [row.student for row in rows if row.look] == ["no-notebook"]
    assert {look["text"]["en"] for look in data["to_look_at"]} == {text for row in rows for text in row.look}
    assert all(look["students"] == [{"student": "no-notebook", "more": ""}] for look in data["to_look_at"])
    (mistake,) = data["mistakes"]
    assert mistake["mistake"] == "added" and mistake["points_lost"] == 3
    assert mistake["students"] == [row.student for row in rows if "added" in row.known]


def test_earned_points_and_those_lost_are_all_that_there_were(graded: tuple[Course, list[Row]]) -> None:
    numbers = read_report(graded[0], "scale").numbers
    assert numbers.lost == {"known": 3, "failed": 0, "error": 4, "timeout": 0, "not_implemented": 4}
    assert sum(numbers.automatic) + sum(numbers.lost.values()) == 4 * numbers.most_automatic == 16


def test_what_no_longer_counts_is_listed_with_the_reason_and_is_in_no_sum(course: Course) -> None:
    before = read_report(course, "scale").data()
    module = course.submitted / "bo" / "scale" / "funkcije" / "layers.py"
    module.write_bytes(module.read_bytes() + b"\n# later\n")
    shutil.rmtree(course.submitted / "no-notebook")
    results.mark_stale(course, "scale", HOSTILE, f"{results.UNFINISHED}: the disk is full")
    data = read_report(course, "scale").data()
    assert {one["student"]: one["why"] for one in data["students"] if one["state"] == "stale"} == {
        "bo": results.OTHER_SUBMISSION,
        "no-notebook": status.GONE,
        HOSTILE: f"{results.UNFINISHED}: the disk is full",
    }
    assert (before["counts"]["graded"], data["counts"]["graded"]) == (4, 1)
    assert [task["judged"] for task in data["tasks"] if not task["by_hand"]] == [1]
    assert set(data["points_lost"].values()) == {0} and data["mistakes"] == []
    text = write_report(course, "scale").read_text(encoding="utf-8")
    assert "predati rad se od tada promijenio" in text and "the submission has changed since" in text


def test_an_answer_that_a_person_read_is_in_all_points_and_one_that_waits_is_not(course: Course) -> None:
    waiting = [one.student for one in standings(course, "scale") if one.answers]
    assert waiting == ["ana", "no-notebook"]
    assert len(read_report(course, "scale").numbers.whole) == 2
    give_by_hand(course, "ana", "answer", 1.5)
    numbers = read_report(course, "scale").numbers
    assert sorted(numbers.whole) == [0, 1, 5.5]
    assert (numbers.most_automatic, numbers.most) == (4, 6)
    (answer,) = [task for task in numbers.tasks if task.by_hand]
    assert (answer.name, sorted(answer.points), answer.waits) == ("answer", [0, 0, 1.5], 1)


def test_what_is_read_from_the_gradebook_at_once_is_what_nbgraders_own_objects_say(course: Course) -> None:
    give_by_hand(course, "ana", "answer", 0.25)
    with open_gradebook(course) as gradebook:
        found = held(gradebook, "scale")
        submissions = gradebook.assignment_submissions("scale")
        assert found.keys() == {one.student.id for one in submissions}
        for submission in submissions:
            own = {cell.cell: cell for cell in found[submission.student.id]}
            assert sum(cell.points for cell in own.values()) == submission.score
            assert sum(cell.max_points for cell in own.values()) == submission.max_score
            assert {
                name_of_cell(one): (one.auto_score, one.score, one.needs_manual_grade, by_hand(one), one.max_score)
                for one in grades(submission)
            } == {name: (c.automatic, c.points, c.waits, c.by_hand, c.max_points) for name, c in own.items()}


# Quickly, for a class of thousands.


def test_of_a_class_the_checks_are_digested_once_and_what_looks_as_it_did_is_not_read(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SETTLED", 0)
    for path in (course.store / "results" / "scale").iterdir():
        data = json.loads(path.read_text(encoding="utf-8"))
        data["stamp"] = files.stamp_of(course.submitted / data["result"]["student"] / "scale")
        path.write_text(json.dumps(data), encoding="utf-8")
    digested: list[str] = []
    read: list[str] = []
    checks, submission = results.digest_checks, results.digest_submission
    monkeypatch.setattr(results, "digest_checks", lambda *of: digested.append("") or checks(*of))
    monkeypatch.setattr(results, "digest_submission", lambda *of: read.append(of[2]) or submission(*of))
    assert sum(one.state == "graded" for one in standings(course, "scale")) == 4
    assert (len(digested), read) == (1, [])
    export_csv(course, course.root / "grades.csv")
    assert (len(digested), read) == (2, [])

    module = course.submitted / "bo" / "scale" / "funkcije" / "layers.py"
    known = module.stat()
    same_length = module.read_bytes().replace(b"out = x +", b"out = x -")
    while module.stat().st_ctime_ns == known.st_ctime_ns:
        module.write_bytes(same_length)
    os.utime(module, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert module.stat().st_size == known.st_size and module.stat().st_mtime_ns == known.st_mtime_ns
    stale = [(one.student, one.why) for one in standings(course, "scale") if one.state == "stale"]
    assert (read, stale) == (["bo"], [("bo", results.OTHER_SUBMISSION)])


def test_what_was_changed_just_now_and_what_cannot_be_looked_at_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "layers.py").write_text("x = 1\n")
    monkeypatch.setattr(files, "SETTLED", 10**15)
    assert files.stamp_of(tmp_path / "work") == files.stamp_of(tmp_path / "nothing") == ""
    monkeypatch.setattr(files, "SETTLED", 0)
    assert files.stamp_of(tmp_path / "work")
    monkeypatch.setattr(files, "MOST_ENTRIES", 0)
    assert files.stamp_of(tmp_path / "work") == ""


def test_a_folder_that_is_moved_as_it_is_keeps_its_stamp_and_a_new_file_changes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SETTLED", 0)
    (tmp_path / "a" / "work" / "deep").mkdir(parents=True)
    stamp = files.stamp_of(tmp_path / "a" / "work")
    (tmp_path / "a").rename(tmp_path / "b")
    assert files.stamp_of(tmp_path / "b" / "work") == stamp != ""
    (tmp_path / "b" / "work" / "deep" / ".hidden").touch()
    assert files.stamp_of(tmp_path / "b" / "work") != stamp


# The page.


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.other: list[str] = []
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in != "style":
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def links(self) -> Iterator[str]:
        for _, attributes in self.tags:
            yield from (attributes[name] for name in ("href", "src", "action", "data") if name in attributes)


ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "input", "label", "main", "section", "footer", "div", "span", "p",
    "h1", "h2", "h3", "b", "br", "a", "code", "small", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody",
    "tr", "th", "td", "figure", "figcaption", "details", "summary", "svg", "rect", "line", "text",
}  # fmt: skip


def test_names_and_messages_of_students_are_text_and_nothing_on_the_page_runs_or_is_loaded(course: Course) -> None:
    text = write_report(course, "scale", HOSTILE).read_text(encoding="utf-8")
    seen = Page(text)
    assert {tag for tag, _ in seen.tags} <= ELEMENTS
    attributes = {name for _, attributes in seen.tags for name in attributes}
    assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")]
    assert [link for link in seen.links() if not link.startswith(("#", "../"))] == []
    assert "url(" not in text and "@import" not in text and "http" not in re.sub("http-equiv", "", text)
    policy = next(own["content"] for tag, own in seen.tags if own.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    words = "".join(seen.text)
    assert HOSTILE in words and "ValueError: <script>alert(1)</script>" in words
    assert seen.other == []


def test_no_text_goes_past_the_templates_own_escaping() -> None:
    folder = ROOT / "grader" / "classroom" / "pages" / "templates" / "report"
    template = (folder / "page.html.j2").read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe|autoescape|Markup|forceescape", template)


def test_the_page_is_whole_in_each_language_of_the_course_in_its_order(course: Course) -> None:
    text = write_report(course, "scale").read_text(encoding="utf-8")
    cnr, en = re.findall(r"<main.*?</main>", text, re.DOTALL)
    assert '<main lang="cnr">' in cnr and '<main lang="en">' in en
    assert "Kolone se množe, a ne sabiraju." in cnr and "Columns are multiplied, not added to." in en
    assert re.findall(r"<(\w+)", cnr) == re.findall(r"<(\w+)", en)
    assert not re.search("[čćžšđ]", html.unescape(en))
    (course.root / "course.toml").write_text('languages = ["en", "cnr"]\n')
    assert re.findall(r'<main lang="(\w+)"', write_report(course, "scale").read_text(encoding="utf-8")) == ["en", "cnr"]
    (course.root / "course.toml").write_text('languages = ["en"]\n')
    text = write_report(course, "scale").read_text(encoding="utf-8")
    assert text.count("<main") == 1 and "<input" not in text and '<html lang="en">' in text


def test_each_picture_has_the_same_in_words_beside_it(course: Course) -> None:
    text = write_report(course, "scale").read_text(encoding="utf-8")
    assert "Submissions: 4. With all points: 1. With none: 2. Mean 1.25, median 0.5." in text
    spread = re.search(r'<svg class="spread".*?</svg>', text, re.DOTALL)
    assert spread and 'role="img"' in spread[0] and "0: 2, " in spread[0] and "4: 1</title>" in spread[0]
    bars = re.findall(r"<svg class=.bar.*?>", text)
    assert bars and all('aria-hidden="true"' in bar for bar in bars)
    assert "all points: 1, some points: 1, no points: 2" in text


def test_a_name_leads_to_the_students_feedback_where_there_is_some(course: Course) -> None:
    write_feedback(course, "scale", [HOSTILE])
    path = write_report(course, "scale", HOSTILE)
    links = {link for link in Page(path.read_text(encoding="utf-8")).links() if not link.startswith("#")}
    assert {(path.parent / unquote(link)).resolve() for link in links} == {
        (course.root / "feedback" / HOSTILE / "scale" / "scale.html").resolve()
    }


def test_a_students_section_has_their_points_beside_the_classs_and_each_mistake_once(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(course, "--student", "bo") == 0
    said = capsys.readouterr().out.strip()
    path = course.root / "reports" / "scale" / "bo.html"
    assert said == f"The class in one page: {path}"
    section = re.findall(r'<section class="own">.*?</section>', path.read_text(encoding="utf-8"), re.DOTALL)[1]
    words = " ".join(" ".join(Page(section).text).split())
    assert "graded. Points: 1 ." in words
    assert "scale_forward 1 / 4 1.25" in words
    assert words.count("Columns are multiplied, not added to.") == 1
    assert 'class="own"' not in write_report(course, "scale").read_text(encoding="utf-8")
    assert "bob: expected a student of the gradebook" in line_of(course, capsys, "--student", "bob")


def test_before_anything_is_graded_the_page_says_who_handed_in(tmp_path: Path) -> None:
    course = released_course(tmp_path)
    hand_in(course, "ana")
    text = write_report(course, "scale", "ana").read_text(encoding="utf-8")
    assert "There is no verdict yet that counts. Next: <code>grader grade scale</code>" in text
    assert "Handed in and not graded" in text and "<svg" not in text


# Without names.


def named_class(course: Course) -> None:
    """Put a person's name wherever something of a hand-in is kept: ids, gradebook, notes, messages, reasons."""
    student = "djurdja-sekularac"
    path = results.record_path(course, "scale", "bo")
    record = results.read_record(course, "scale", "bo")
    assert record is not None
    checks = tuple(replace(check, message=f"{NAME}: {student}", warnings=(NAME,)) for check in record.result.checks)
    unknown = [replace(check, diagnosis=None) for check in checks[:1]]
    result = replace(record.result, student=student, checks=(*unknown, *checks[1:]), warnings=(NAME, student))
    catalogue = tomllib.loads((ROOT / "grader" / "messages.toml").read_text(encoding="utf-8"))
    notes = []
    for key, sentence in catalogue.items():
        names = {name for _, name, _, _ in string.Formatter().parse(sentence["en"]) if name}
        if not key.startswith("report_") and not names & {"count", "seconds", "python"}:
            notes.append(Note(key, dict.fromkeys(names, f"{NAME}_{student}, 4711")))
    assert len(notes) > 40
    results.write_record(course, replace(record, result=result, notes=tuple(notes)))
    path.unlink()
    shutil.move(course.submitted / "bo", course.submitted / student)
    write_feedback(course, "scale", ["ana"])
    results.mark_stale(course, "scale", "ana", f"/home/{NAME}/ana: cannot be read by sekularac")
    write(
        course.store / "people.json",
        json.dumps([{"id": student, "system": "moodle", "name": NAME, "handins": {}}]),
    )
    with Gradebook(f"sqlite:///{course.root / 'grades.db'}") as gradebook:
        gradebook.update_or_create_student("bo", first_name="Đurđa", last_name="Šekularac", email="djurdja@x.org")
    with closing(sqlite3.connect(course.root / "grades.db")) as database:
        for table, column in (("student", "id"), ("submitted_assignment", "student_id")):
            database.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = 'bo'", (student,))
        database.commit()


def test_without_names_there_is_no_id_and_no_name_anywhere_in_page_or_data(course: Course) -> None:
    named_class(course)
    plain = read_report(course, "scale")
    students = [one.student for one in plain.numbers.standings]
    searched = [*students, html.escape(HOSTILE), NAME, "Đurđa", "Šekularac", "djurdja", "sekularac", "4711", "x.org"]
    student = "djurdja-sekularac"
    open_report = read_report(course, "scale", student)
    with_names = open_report.html(course.root / "reports" / "scale.html") + json.dumps(open_report.data())
    assert all(one in with_names for one in ("djurdja-sekularac", "ana", "Đurđa")), "the search finds them"

    report = read_report(course, "scale", student, anonymous=True)
    path = write_report(course, "scale", student, anonymous=True)
    whole = {"page": path.read_text(encoding="utf-8"), "data": json.dumps(report.data(), ensure_ascii=False)}
    whole["place"] = path.relative_to(course.root).as_posix()
    for what, text in whole.items():
        words = set(re.findall(r"[\w-]+", html.unescape(text)))
        found = [one for one in searched if one in (words if re.fullmatch(r"\w{1,5}", one) else text)]
        assert found == [], what
        assert not re.search("durda|sekularac|djurdja|onerror", text.lower()), what
    assert all(link.startswith("#") for link in Page(whole["page"]).links())
    assert report.numbers.lost == plain.numbers.lost and report.numbers.automatic != []
    assert sorted(report.numbers.automatic) == sorted(plain.numbers.automatic)


def test_a_mark_is_the_same_each_time_and_only_with_the_secret_and_the_order_is_that_of_marks(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = (
        [one.student for one in read_report(course, "scale", anonymous=True).numbers.standings] for _ in range(2)
    )
    assert first == again == sorted(first)
    assert all(re.fullmatch("[0-9a-f]{12}", mark) for mark in first) and len(set(first)) == 6
    monkeypatch.setenv("GRADER_SECRET", "another")
    assert not set(first) & {one.student for one in read_report(course, "scale", anonymous=True).numbers.standings}


def test_without_a_secret_nothing_is_written_without_names(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    (course.store / "secret").unlink()
    assert "no course secret" in line_of(course, capsys, "--anonymous")
    assert not (course.root / "reports").exists()


# Where it is written.


def test_nothing_but_the_report_is_written_and_git_does_not_see_it(course: Course) -> None:
    (course.root / ".gitignore").unlink(missing_ok=True)  # as in a course of an earlier version, which lacks the line
    before = fingerprint(course.root)
    for options in ((), (), ("--student", HOSTILE), ("--anonymous", "--student", "ana")):
        assert report(course, *options) == 0, "one that the kit made is replaced"
    after = fingerprint(course.root)
    assert {path: digest for path, digest in after.items() if not path.startswith("reports/")} == before
    assert len(after) == len(before) + 4 and "reports/scale.html" in after
    git = ["git", "-C", str(course.root), "-c", "core.excludesFile="]
    subprocess.run([*git, "init", "-q"], check=True)
    said = subprocess.run([*git, "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True).stdout
    assert "nbgrader_config.py" in said and "reports" not in said


@pytest.mark.parametrize("what", ["a file", "a link", "a folder", "a folder for reports", "a file for reports"])
def test_what_somebody_else_made_is_refused_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    course = Course(tmp_path)
    page = course.root / "reports" / "scale.html"
    if "for reports" not in what:
        write_page(course, page.with_name("other.html"), "")
    write(course.root / "elsewhere.html", "<p>mine")
    if what == "a file":
        write(page, "<p>mine")
    elif what == "a link":
        page.symlink_to(course.root / "elsewhere.html")
    elif what == "a folder":
        write(page / "mine", "mine")
    elif what == "a folder for reports":
        write(course.root / "reports" / "thesis.txt", "mine")
    else:
        write(course.root / "reports", "mine")
    before = fingerprint(course.root)
    place = page if "for reports" not in what else page.parent
    with pytest.raises(GraderError, match=rf"^{re.escape(str(place))}: expected .* Next: move it away"):
        write_page(course, page, "<!DOCTYPE html>")
    assert fingerprint(course.root) == before


def test_data_goes_to_a_file_of_its_own_or_to_standard_output(
    course: Course, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "report.json"
    for _ in range(2):
        assert report(course, "--json", str(file)) == 0
    assert report(course, "--json", "-", "--student", "bo") == 0
    data, printed = json.loads(file.read_text(encoding="utf-8")), json.loads(capsys.readouterr().out)
    own = printed.pop("student")
    assert printed == data and own["tasks"] == {"scale_forward": 1.0, "answer": 0.0}
    assert [one["mistake"] for one in own["mistakes"]] == ["added"]
    assert not (course.root / "reports").exists()
    write(file, '{"mine": true}')
    assert "expected a file of `grader report`" in line_of(course, capsys, "--json", str(file))
    assert json.loads(file.read_text()) == {"mine": True}
    assert "cannot be written" in line_of(course, capsys, "--json", str(tmp_path / "no" / "such"))


@pytest.mark.parametrize("name", ["scales", "../scale", ""])
def test_what_is_no_assignment_is_said_in_one_line(
    course: Course, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", name, "--course", str(course.root)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "Next: " in line


# Numbers of a class that is made up.


def made_up(mistakes: dict[str, dict[str, float]], right: int = 0) -> list[Standing]:
    """Students by name, each with the points that a known mistake costs them; and some who have everything."""
    everyone = {**mistakes, **{f"right-{number}": {} for number in range(right)}}
    found = []
    for student, lost in everyone.items():
        checks = [
            CheckResult(f"f.{id}", "f", 4 - points, 4, "failed", "Wrong.", Diagnosis(id, id))
            for id, points in lost.items()
        ]
        checks += [CheckResult(f"f.right-{number}", "f", 4, 4, "passed") for number in range(3 - len(checks))]
        result = Result("scale", student, tuple(checks), "bwrap")
        cell = Held("f", False, 12, result.score, result.score, False)
        record = Record(result, "", "")
        found.append(Standing(student, "graded", points=result.score, record=record, held=(cell,)))
    return found


@pytest.fixture(scope="module")
def made_course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("made"))


def numbers(course: Course, found: list[Standing]) -> Numbers:
    return numbers_of(course, course.assignment("scale"), found)


def test_the_mistake_that_costs_the_class_most_comes_first_not_the_commonest(made_course: Course) -> None:
    found = made_up({"ana": {"dear": 4, "cheap": 0.5}, "bo": {"cheap": 0.5}, "ceca": {"cheap": 0.5}}, right=1)
    first, second = numbers(made_course, found).mistakes
    assert (first.id, first.lost, first.students) == ("dear", 4, ("ana",))
    assert (second.id, second.lost, second.students) == ("cheap", 1.5, ("ana", "bo", "ceca"))


def test_a_check_is_passed_by_everybody_or_nobody_of_those_it_judged(made_course: Course) -> None:
    found = made_up({"ana": {"x": 4}, "bo": {"x": 4}})
    own = numbers(made_course, found)
    assert [check.id for check in own.passed_by_all] == ["f.right-0", "f.right-1"]
    assert [check.id for check in own.checks if not check.passed] == ["f.x"]
    assert "scale_forward.value" not in {check.id for check in own.checks}, "it judged nobody"


def test_with_many_names_the_first_are_shown_and_the_others_fold_out(made_course: Course) -> None:
    found = made_up({f"s{number:03d}": {"x": 1} for number in range(100)})
    assignment = made_course.assignment("scale")
    text = page(made_course, assignment, numbers(made_course, found), {})
    assert "<summary>88 more</summary>" in text and "s099" in text


def test_reasons_to_look_that_differ_in_a_name_are_one_with_the_names_behind_each_student(made_course: Course) -> None:
    found = [
        replace(one, record=replace(one.record, notes=(Note("late", {"folder": f"of {one.student}"}),)))
        for one in made_up({}, right=2)
        if one.record
    ]
    (look,) = numbers(made_course, found).look
    assert look.note == Note("late", {"folder": "…"})
    assert look.students == (("right-0", "of right-0"), ("right-1", "of right-1"))


# Pictures.

POINTS = st.lists(st.integers(0, 400).map(lambda quarters: quarters / 4), min_size=1, max_size=50)


@given(POINTS, st.sampled_from([0.25, 1.0, 4.0, 7.0, 10.0, 40.0, 50.0, 99.75, 100.0]))
def test_everybody_is_in_one_bar_with_none_and_all_points_apart(points: list[float], most: float) -> None:
    own = [min(value, most) for value in points]
    spread = histogram(own, most)
    assert spread is not None
    assert sum(bar.count for bar in spread.bars) == spread.count == len(own)
    assert (spread.none, spread.whole) == (own.count(0), own.count(most))
    assert spread.bars[0].exact and spread.bars[-1].exact and len(spread.bars) <= 12
    for bar in spread.bars[1:-1]:
        assert bar.count == sum(bar.low <= value < bar.high and 0 < value < most for value in own)
    for bar in spread.bars:
        assert 0 <= bar.x < bar.x + bar.width <= 480 and 0 <= bar.y <= bar.y + bar.height <= 190
    assert max(bar.height for bar in spread.bars) > 0


def test_a_number_is_written_with_all_its_digits_and_two_places_at_most() -> None:
    assert [number(value) for value in (0, 2.5, 69676.75, 1 / 3, 100.0)] == ["0", "2.5", "69676.75", "0.33", "100"]


def test_of_nobody_and_of_no_points_there_is_no_picture() -> None:
    assert histogram([], 4) is histogram([0.0], 0) is None
    assert parts(whole=0, none=0) == ()


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 9, "0 %"), (9, 9, "100 %"), (1, 999, "< 1 %"), (998, 999, "> 99 %"), (1, 2, "50 %"), (0, 0, "-")],
)
def test_a_share_says_nobody_and_everybody_of_nobody_and_everybody_alone(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said
