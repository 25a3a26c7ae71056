"""Grades into the file that Moodle or Canvas gave, read by those systems' own rules."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from pathlib import Path

import pytest
from canvas_reader import CanvasCourse, converted, delimiter
from hypothesis import given, settings
from hypothesis import strategies as st
from moodle_reader import DAY, ENGLISH, FRENCH, GERMAN, LANGUAGES, SOUTH_SLAVIC, Language, MoodleAssignment

from grader.classroom.grades.canvas import fill_canvas
from grader.classroom.grades.filling import Filled, Line, report
from grader.classroom.grades.moodle import KNOWN, fill_moodle
from grader.classroom.grades.sheet import Sheet, read_sheet
from grader.classroom.late import Late
from grader.classroom.status import Standing
from grader.course import Course
from grader.errors import GraderError
from grader.grading.people import HandIn, People, Person

WHEN = 1_700_000_000 // DAY * DAY
"""A whole minute, as Moodle's dates have no seconds."""


def people(system: str, numbers: dict[str, int], folder: Path = Path("nowhere")) -> People:
    found = People(Course(folder))
    for student, number in numbers.items():
        handins = {"scale": HandIn(str(number))}
        found.by_id[student] = Person(student, system, student.title(), handins=handins)
    return found


def sheet_of(folder: Path, content: bytes, known: tuple[str, ...] = KNOWN) -> Sheet:
    path = folder / "given.csv"
    path.write_bytes(content)
    return read_sheet(path, known)


def became(filled: Filled) -> dict[str, Line]:
    return {line.student: line for line in filled.lines if line.student}


CLASS = {
    "right": Standing("right", "graded", points=6.0),
    "half": Standing("half", "graded", points=2.5),
    "third": Standing("third", "graded", points=1 / 3),
    "late": Standing("late", "graded", points=5.0, late=Late(90_000, 1.5)),
    "wrong": Standing("wrong", "graded", points=0.0),
    "same": Standing("same", "graded", points=4.0),
    "regraded": Standing("regraded", "graded", points=3.0),
    "locked": Standing("locked", "graded", points=3.0),
    "bonus": Standing("bonus", "graded", points=7.0),
    "stale": Standing("stale", "stale", "the checks have changed since it was graded", 3.0),
    "waits": Standing("waits", "graded", points=3.0, answers=1),
    "new": Standing("new", "not graded"),
    "absent": Standing("absent", "not handed in"),
}
NUMBERS = {student: 1000 + index for index, student in enumerate(CLASS)}
GRADES = {"right": 6.0, "half": 2.5, "third": 0.33, "late": 3.5, "wrong": 0.0, "regraded": 3.0}
"""What is new for the system."""


def moodle_class(**options: object) -> MoodleAssignment:
    numbers = {NUMBERS[student]: student.title() for student in CLASS} | {4711: 'Gost "G", Šćepan'}
    held = {NUMBERS["same"]: (4.0, WHEN), NUMBERS["regraded"]: (1.0, WHEN)}
    return MoodleAssignment(people=numbers, grades=held, locked={NUMBERS["locked"]}, **options)  # type: ignore[arg-type]


def fill_in_moodle(folder: Path, content: bytes) -> Filled:
    return fill_moodle(sheet_of(folder, content), "scale", 6.0, list(CLASS.values()), people("moodle", NUMBERS))


def test_moodle_takes_and_skips_each_row_as_the_table_says(tmp_path: Path) -> None:
    moodle = moodle_class()
    filled = fill_in_moodle(tmp_path, moodle.worksheet())
    lines = became(filled)
    read = moodle.read(filled.sheet.to_bytes())
    taken = {student: read[number][1] for student, number in NUMBERS.items() if read[number][0] == "taken"}
    assert taken == GRADES
    assert {student for student, line in lines.items() if line.became == "written"} == set(taken)
    assert {student: read[number][0] for student, number in NUMBERS.items() if student not in taken} == {
        "same": "not modified", "locked": "no value", "bonus": "no value", "stale": "no value", "waits": "no value",
        "new": "no value", "absent": "no value",
    }  # fmt: skip
    assert {student: line.why for student, line in lines.items() if line.became in {"skipped", "left"}} == {
        "locked": "locked in Moodle's gradebook",
        "bonus": "above Moodle's maximum of 6",
        "stale": "stale: the checks have changed since it was graded",
        "waits": "waits for a person: 1 to read",
        "new": "not graded yet",
        "absent": "handed nothing in",
    }
    assert lines["same"].became == "unchanged"
    assert lines["regraded"].why == "in place of 1.00"
    assert lines["late"].why == "late by 1 d 1 h, taken off: 1.5"
    assert not filled.whole


@pytest.mark.parametrize("student", ["locked", "bonus"])
def test_what_the_table_says_moodle_would_skip_it_would_skip(tmp_path: Path, student: str) -> None:
    moodle = moodle_class()
    sheet = sheet_of(tmp_path, moodle.worksheet())
    filled = fill_in_moodle(tmp_path, moodle.worksheet())
    (row,) = [row for row in range(1, 15) if sheet.value(row, 0).endswith(str(NUMBERS[student]))]
    sheet.fill(row, sheet.header.index("Grade"), became(filled)[student].grade)
    assert moodle.read(sheet.to_bytes())[NUMBERS[student]][0] == {"locked": "locked", "bonus": "out of range"}[student]


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.changed)
def test_in_each_language_moodle_takes_the_same_and_whoever_needs_the_box_ticked_is_named(
    tmp_path: Path, language: object
) -> None:
    moodle = moodle_class(language=language)
    filled = fill_in_moodle(tmp_path, moodle.worksheet())
    plain, ticked = (moodle.read(filled.sheet.to_bytes(), ignore_modified=tick) for tick in (False, True))
    by_number = {number: student for student, number in NUMBERS.items()}
    assert {by_number[number]: grade for number, (what, grade) in ticked.items() if what == "taken"} == GRADES
    skipped = {by_number[number] for number, (what, _) in plain.items() if what == "modified since"}
    assert skipped == (set() if language is ENGLISH else {"regraded"})
    assert {line.student for line in filled.lines if "box ticked" in line.why} == skipped
    assert any("Allow updating records" in remark for remark in filled.remarks) == bool(skipped)


PAGES = ("utf-8", "utf-8-sig", "utf-16", "cp1250", "cp1252")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", PAGES)
def test_encoding_separator_and_line_ends_stay_as_they_were(tmp_path: Path, encoding: str, separator: str) -> None:
    moodle = moodle_class(language={"cp1250": SOUTH_SLAVIC[0], "cp1252": FRENCH}.get(encoding, GERMAN))
    moodle.people[4711] = {"cp1250": "Đurđa Šćepanović", "cp1252": "Renée Lefèvre"}.get(encoding, "Ђорђе; Łukasz, ß")
    given = moodle.worksheet(separator=separator, encoding=encoding, end="\r\n")
    filled = fill_in_moodle(tmp_path, given)
    result = filled.sheet.to_bytes()
    assert result.startswith(given[:10])
    assert result.decode(encoding).count("\r\n") == given.decode(encoding).count("\r\n") == len(NUMBERS) + 2
    before, after = (
        list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))
        for content in (given, result)
    )
    grade = before[0].index(moodle.language.grade)
    for old, new in zip(before, after, strict=True):
        assert old[:grade] + old[grade + 1 :] == new[:grade] + new[grade + 1 :]
    read = moodle.read(result, separator=separator, encoding=encoding, ignore_modified=True)
    assert {grade for what, grade in read.values() if what == "taken"} == set(GRADES.values())
    assert '"2,5"' in result.decode(encoding) or separator != ","


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6), end=st.sampled_from(["\n", "\r\n"]), quoted=st.booleans()
)
@settings(max_examples=40, deadline=None)
def test_every_cell_but_the_filled_one_is_the_same_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], end: str, quoted: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(["Identifier", "Grade", "Last modified (grade)", "x", "y", "z"])
    writer.writerow(["Participant 7", "", "-", "a", "b", "c"])
    writer.writerows([f"Participant {8 + index}", "", "-", *row] for index, row in enumerate(rows))
    given = out.getvalue().encode()
    sheet = sheet_of(tmp_path_factory.mktemp("sheet"), given)
    assert sheet.to_bytes() == given
    standings = [Standing("ana", "graded", points=38.25)]
    filled = fill_moodle(sheet, "scale", 40.0, standings, people("moodle", {"ana": 7}))
    result = filled.sheet.to_bytes()
    start = given.index(b"Participant 7")
    assert result[:start] == given[:start]
    assert result.replace(b"38.25", b"", 1) == given
    (after,) = [row for row in csv.reader(io.StringIO(result.decode(), newline="")) if row[:1] == ["Participant 7"]]
    assert after == ["Participant 7", "38.25", "-", "a", "b", "c"]


@given(points=st.floats(0, 1000, allow_nan=False), comma=st.sampled_from(".,"))
@settings(max_examples=60, deadline=None)
def test_a_grade_is_read_as_it_was_given_with_either_decimal_sign(
    tmp_path_factory: pytest.TempPathFactory, points: float, comma: str
) -> None:
    language = dataclasses.replace(ENGLISH, comma=comma)
    moodle = MoodleAssignment(language, 1000.0, {7: "Ana"})
    sheet = sheet_of(tmp_path_factory.mktemp("sheet"), moodle.worksheet())
    standing = Standing("ana", "graded", points=points)
    fill_moodle(sheet, "scale", 1000.0, [standing], people("moodle", {"ana": 7}))
    what, grade = moodle.read(sheet.to_bytes())[7]
    assert what == "taken"
    assert grade == pytest.approx(points, abs=0.005001)


def canvas_class(**options: object) -> CanvasCourse:
    return CanvasCourse(
        {11: ("Kviz, 1", 10.0), 12: ("Scale", 6.0), 13: ("Final Grade project", 5.0)},
        {number: f"Prezime, {student.title()}" for student, number in NUMBERS.items()} | {99: "Student, Test"},
        {
            (NUMBERS["same"], 12): 4.0,
            (NUMBERS["regraded"], 12): 1.0,
            (NUMBERS["half"], 11): 7.5,
            (NUMBERS["locked"], 12): "EX",
        },
        {(NUMBERS["third"], 12)},
        **options,  # type: ignore[arg-type]
    )


def fill_in_canvas(folder: Path, content: bytes, column: str = "") -> Filled:
    return fill_canvas(sheet_of(folder, content), "scale", 6.0, list(CLASS.values()), people("canvas", NUMBERS), column)


@pytest.mark.parametrize(
    ("separator", "comma", "manual"), [(",", ".", False), (";", ",", True), (",", ",", True), (";", ".", False)]
)
def test_canvas_takes_what_the_table_says_and_makes_nobody_and_nothing(
    tmp_path: Path, separator: str, comma: str, manual: bool
) -> None:
    canvas = canvas_class()
    filled = fill_in_canvas(tmp_path, canvas.gradebook(separator=separator, comma=comma, manual=manual))
    lines, read = became(filled), canvas.read(filled.sheet.to_bytes())
    expected = GRADES | {"bonus": 7.0}
    del expected["third"]
    assert {key: float(grade) for key, grade in read.grades.items()} == {
        (NUMBERS[student], 12): grade for student, grade in expected.items()
    }
    assert read.students == []
    assert read.assignments == []
    assert {student for student, line in lines.items() if line.became == "written"} == set(expected)
    assert {student: line.why for student, line in lines.items() if line.became == "skipped"} == {
        "third": "not assigned to this student in Canvas",
        "locked": "excused in Canvas",
    }
    assert lines["same"].became == "unchanged"
    assert {line.row for line in filled.lines if not line.student} == {"99 Student, Test"}


def test_what_canvas_holds_and_shows_is_not_changed_by_the_gradebook_as_it_was(tmp_path: Path) -> None:
    canvas = canvas_class()
    assert canvas.read(canvas.gradebook()).grades == {}


def test_the_column_in_canvas_is_the_one_called_as_the_assignment_or_the_one_named(tmp_path: Path) -> None:
    canvas = canvas_class()
    canvas.assignments[14] = ("SCALE!", 6.0)
    with pytest.raises(GraderError, match=r"found 2 \(there are: Kviz, 1 \(11\), Scale \(12\), SCALE! \(14\)\)"):
        fill_in_canvas(tmp_path, canvas.gradebook())
    for column in ("14", "SCALE!", "SCALE! (14)"):
        read = canvas.read(fill_in_canvas(tmp_path, canvas.gradebook(), column).sheet.to_bytes())
        assert {assignment for _, assignment in read.grades} == {14}
    for column in ("13", "15", "Kviz"):
        with pytest.raises(GraderError, match=r"found 0.*Next: pass --column"):
            fill_in_canvas(tmp_path, canvas.gradebook(), column)


def test_a_column_that_canvas_only_shows_is_refused(tmp_path: Path) -> None:
    canvas = canvas_class(read_only={12})
    with pytest.raises(GraderError, match="'Scale \\(12\\)' is read-only"):
        fill_in_canvas(tmp_path, canvas.gradebook())


def test_another_maximum_is_said_and_points_stay_points(tmp_path: Path) -> None:
    moodle = moodle_class(maximum=100.0)
    filled = fill_in_moodle(tmp_path, moodle.worksheet())
    assert any("Moodle's maximum is 100, here it is 6" in remark for remark in filled.remarks)
    canvas = canvas_class()
    canvas.assignments[12] = ("scale", 10.0)
    filled = fill_in_canvas(tmp_path, canvas.gradebook())
    assert any("Canvas' maximum is 10, here it is 6" in remark for remark in filled.remarks)
    assert canvas.read(filled.sheet.to_bytes()).grades[NUMBERS["right"], 12] == "6"


def test_students_without_a_row_are_named_and_none_is_made(tmp_path: Path) -> None:
    moodle = moodle_class()
    del moodle.people[NUMBERS["right"]]
    given = moodle.worksheet()
    known = people("moodle", NUMBERS)
    known.by_id["half"].system = "canvas"
    filled = fill_moodle(sheet_of(tmp_path, given), "scale", 6.0, list(CLASS.values()), known)
    rows = {line.student: line.why for line in filled.lines if not line.row}
    assert rows == {
        "right": "no row in the file has the number 1000",
        "half": "not handed in through Moodle",
    }
    assert len(filled.sheet.rows) == given.decode().count("\n")
    assert not filled.whole


STANDINGS = st.one_of(
    st.builds(lambda points: Standing("x", "graded", points=points), st.floats(0, 9)),
    st.builds(
        lambda points, penalty: Standing("x", "graded", points=points, late=Late(60.0, penalty)),
        st.floats(0, 6),
        st.floats(0, 6),
    ),
    st.sampled_from([CLASS["stale"], CLASS["waits"], CLASS["new"], CLASS["absent"]]),
)
HELD = st.one_of(st.none(), st.integers(0, 700).map(lambda hundredths: hundredths / 100))


@given(
    rows=st.lists(st.tuples(STANDINGS, HELD, st.booleans()), min_size=1, max_size=8),
    language=st.sampled_from(LANGUAGES),
    box=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_whatever_moodle_holds_it_takes_the_rows_that_the_table_says_and_no_other(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Standing, float | None, bool]],
    language: Language,
    box: bool,
) -> None:
    moodle = MoodleAssignment(language)
    standings = [dataclasses.replace(one, student=f"s{number}") for number, (one, _, _) in enumerate(rows)]
    for number, (_, held, locked) in enumerate(rows):
        moodle.people[number] = f"Ime {number}"
        if held is not None:
            moodle.grades[number] = (held, WHEN)
        if locked:
            moodle.locked.add(number)
    known = people("moodle", {one.student: number for number, one in enumerate(standings)})
    sheet = sheet_of(tmp_path_factory.mktemp("sheet"), moodle.worksheet())
    filled = fill_moodle(sheet, "scale", 6.0, standings, known)
    read = moodle.read(sheet.to_bytes(), ignore_modified=box)
    taken = {f"s{number}" for number, (what, _) in read.items() if what == "taken"}
    assert taken == {
        line.student for line in filled.lines if line.became == "written" and (box or "box ticked" not in line.why)
    }
    for number, one in enumerate(standings):
        if one.student in taken:
            assert one.final is not None
            assert read[number][1] == pytest.approx(one.final, abs=0.005001)


@given(
    rows=st.lists(st.tuples(STANDINGS, HELD, st.sampled_from(["", "", "EX", "N/A"])), min_size=1, max_size=8),
    separator=st.sampled_from(",;"),
    comma=st.sampled_from(".,"),
)
@settings(max_examples=40, deadline=None)
def test_whatever_canvas_holds_it_takes_the_rows_that_the_table_says_and_no_other(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[Standing, float | None, str]],
    separator: str,
    comma: str,
) -> None:
    canvas = CanvasCourse({11: ("Kviz", 10.0), 12: ("scale", 6.0)}, {})
    standings = [dataclasses.replace(one, student=f"s{number}") for number, (one, _, _) in enumerate(rows)]
    for number, (_, held, word) in enumerate(rows):
        canvas.students[number] = f"Prezime, Ime {number}"
        if word == "N/A":
            canvas.not_assigned.add((number, 12))
        elif word or held is not None:
            canvas.scores[number, 12] = word or held or 0.0
    known = people("canvas", {one.student: number for number, one in enumerate(standings)})
    sheet = sheet_of(tmp_path_factory.mktemp("sheet"), canvas.gradebook(separator=separator, comma=comma))
    filled = fill_canvas(sheet, "scale", 6.0, standings, known)
    read = canvas.read(sheet.to_bytes())
    assert {f"s{number}" for number, _ in read.grades} == {
        line.student for line in filled.lines if line.became == "written"
    }
    assert {assignment for _, assignment in read.grades} <= {12}
    assert (read.students, read.assignments) == ([], [])


def test_a_column_called_as_in_another_language_is_not_taken_for_the_grade(tmp_path: Path) -> None:
    content = b"Identifier,Grade,Note,Last modified (grade),ID\nParticipant 1000,,n,-,i\n"
    filled = fill_in_moodle(tmp_path, content)
    assert filled.sheet.values(1) == ["Participant 1000", "6", "n", "-", "i"]


def test_what_separates_the_columns_is_what_does_so_in_every_row(tmp_path: Path) -> None:
    content = b"Identifier;Grade;Last modified (grade);one, two, three, four, five\nParticipant 1000;;-;x\n"
    filled = fill_in_moodle(tmp_path, content)
    assert filled.sheet.to_bytes() == content.replace(b";;", b";6;")


def test_each_row_is_in_the_table_with_what_became_of_it(tmp_path: Path) -> None:
    filled = fill_in_moodle(tmp_path, moodle_class().worksheet())
    counts, _, *lines = report("scale", filled).splitlines()
    assert counts == "scale: 6 written, 1 unchanged, 2 skipped, 5 left as they are."
    said = {line.split()[1]: re.split(r"  +", line)[1:] for line in lines if line.startswith("Participant")}
    assert len(said) == len(NUMBERS) + 1
    assert said["1000"] == ["right", "6", "written"]
    assert said["1009"] == ["stale", "-", "left: stale: the checks have changed since it was graded"]
    assert said["4711"] == ["-", "-", "left: no hand-in has this number"]


SCALE = "Identifier,Grade,Scale,Last modified (grade)\nParticipant 1000,,dobro,-\n"
WRONG = {
    "nothing": (b"", "expected a table"),
    "one column": (b"Identifier\nParticipant 7\n", "expected a table"),
    "another table": ("ime,šifra\nAna,7\n".encode(), r"found: 'ime', 'šifra'\. Next: download it again"),
    "an open quote": (b'Identifier,Grade,Last modified (grade)\n"Participant 7,,-\n', "row 2 has a quotation mark"),
    "a scale": (SCALE.encode(), "by a scale"),
    "zeros": ("Identifier,Grade\n".encode("utf-16-le"), "without a byte order mark"),
    "half of UTF-16": ("\ufeffIdentifier,Grade\n".encode("utf-16-le")[:-1], "begins as UTF-16-LE, and is not"),
    "UTF-32": ("Identifier,Grade\n".encode("utf-32"), "expected text"),
    "another code page": ("Identifier,Grade,Ćć\n".encode("cp1250"), "Windows-1250 than in Windows-1252"),
    "no code page": (b"Identifier,Grade,\x81\n", "Windows-1250 than in Windows-1252"),
    "nobody of the class": (b"Identifier,Grade,Last modified (grade)\nParticipant 7,,-\n", "found none among 1"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_filled_in_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    content, reason = WRONG[kind]
    with pytest.raises(GraderError, match=reason) as error:
        fill_in_moodle(tmp_path, content)
    assert "\n" not in str(error.value)
    assert "Next: " in str(error.value)


def test_a_gradebook_that_canvas_would_refuse_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GraderError, match="expected Canvas' gradebook"):
        fill_in_canvas(tmp_path, b"Name,Number\nAna,7\n")


def test_the_readers_do_on_the_examples_of_the_systems_own_tests_what_those_expect() -> None:
    scores = ["123,4", "1.234,5", "12.34,5", "-1.234,50", "1.234.5", "1,234,5"]
    assert [converted(cell) for cell in scores] == ["123.4", "1234.5", "1234.5", "-1234.50", "1234.5", "1234.5"]
    assert delimiter("Student;ID;Section;An Assignment\nA Student;1;Section 13;2\n") == ";"
    assert delimiter('Student,ID,Section,A\n"Blend, Bill",6,My Course,-\nPoints Possible,,,10\n') == ","
    course = CanvasCourse({1: ("A", 10.0)}, {6: "Blend, Bill"}, {(6, 1): 8.0})
    assert course.read(b"Student,ID,Section,A (1)\n,6,,10\n").grades == {(6, 1): "10"}
    assert course.read(b"Student,ID,Section,A (1)\n,6,,8\n, ,,Muted\nNew Student,,,12\n").students == ["New Student"]
    assert course.read(b"Student,ID,Section,B,Final Score\n,6,,8,9\n").assignments == ["B"]
    with pytest.raises(ValueError, match="Invalid header row"):
        course.read(b",,0123456,,,99\n")
    moodle = MoodleAssignment(people={7: "Student Name"})
    base = "Student Name_7_assignsubmission_file_"
    assert moodle.read_zip_name(f"{base}My_cool_filename.txt") == (7, "My_cool_filename.txt")
    assert moodle.read_zip_name(f"some_path_here/{base}/some_path/My File.txt") == (7, "/some_path/My File.txt")
    for name in (".hiddenfile", "~hiddenfile", "some_path_here/RandomFile.txt"):
        assert moodle.read_zip_name(name) is None
    for name in ("Student Name_x_assignsubmission_file_a", "Student Name_107_assignsubmission_file_a"):
        assert moodle.read_zip_name(name) is None
    assert moodle.read_zip_name("Student Name_7_assignsubmission_noplugin_a") is None
