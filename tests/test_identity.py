"""One person has one id for the life of a course, and what an archive did not give is said where it is graded."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from classroom import SOLVED, WRONG, hand_in, released_course
from nbgrader.apps.api import NbGraderAPI
from test_nbgrader_handin import put, work, zipped

from grader.classroom.converter import existing_timestamp
from grader.classroom.export import export_csv
from grader.classroom.gradebook import course_config, open_gradebook
from grader.classroom.handin.lms import plan, zip_collect
from grader.classroom.rows import Row
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.grading.people import People

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


class Download:
    """Downloads of a course, one after another."""

    def __init__(self, course: Course) -> None:
        self.course = course

    def __call__(self, files: dict[str, bytes], assignment: str = "scale") -> list[str]:
        shutil.rmtree(self.course.root / "downloaded", ignore_errors=True)
        put(self.course.root / "downloaded" / assignment / "archive", files)
        return zip_collect(self.course, assignment)

    def students(self) -> set[str]:
        return {path.name for path in self.course.submitted.iterdir()}


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return released_course(tmp_path)


def ids(course: Course, folder: Path, assignment: str, *names: str) -> dict[str, str]:
    """The id of each sender in a download of its own, which is not unpacked."""
    people = People(course)
    shutil.rmtree(folder, ignore_errors=True)
    for name in names:
        put(folder / name, {"funkcije/layers.py": b"x"})
    placed = plan(folder, assignment, people=people).files
    people.save()
    return {file.relative_to(folder).parts[0]: student for file, (student, _) in placed.items()}


def moodle(name: str, number: int) -> str:
    return f"{name}_{number}_assignsubmission_file"


def test_a_namesake_in_a_later_download_gets_an_id_of_their_own_and_nobodys_changes(
    course: Course, tmp_path: Path
) -> None:
    first, second = moodle("Ana Anić", 11), moodle("Ana Anić", 22)
    folder = tmp_path / "extracted"
    assert ids(course, folder, "scale", first) == {first: "ana-anic"}
    assert ids(course, folder, "scale", second) == {second: "ana-anic-22"}
    assert ids(course, folder, "scale", first, second) == {first: "ana-anic", second: "ana-anic-22"}


def test_a_person_keeps_the_id_in_the_next_assignment_where_moodles_number_is_another(
    course: Course, tmp_path: Path
) -> None:
    folder = tmp_path / "extracted"
    for assignment, number in (("scale", 11), ("next", 911)):
        sender = moodle("Ana Anić", number)
        assert ids(course, folder, assignment, sender) == {sender: "ana-anic"}
    canvas = {"scale": "anicana_5_100_rad", "next": "anicana_LATE_5_200_rad"}
    for assignment, sender in canvas.items():
        assert ids(course, folder, assignment, sender) == {sender: "anicana"}


def test_a_person_whose_name_changes_keeps_the_id_where_the_number_is_the_same(course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "extracted"
    for before, after, student in (
        (moodle("Ana Anić", 11), moodle("Ana Perić", 11), "ana-anic"),
        (moodle("Iva Ivić", 12), moodle("Ivić, Iva", 12), "iva-ivic"),
        (moodle("Participant", 13), moodle("Bo Bić", 13), "participant-13"),
        ("anicana_5_100_rad", "pericana_5_100_rad", "anicana"),
    ):
        assert ids(course, folder, "scale", before) == {before: student}
        assert ids(course, folder, "scale", after) == {after: student}
    assert ids(course, folder, "next", "pericana_5_100_rad") == {"pericana_5_100_rad": "anicana"}
    assert ids(course, folder, "next", moodle("Ana Perić", 911)) == {moodle("Ana Perić", 911): "ana-anic"}
    assert People(course).by_id["ana-anic"].last_name == "Perić"


def test_two_people_with_one_number_in_a_download_are_two(course: Course, tmp_path: Path) -> None:
    both = moodle("Ana Anić", 11), moodle("Bo Bić", 11)
    assert set(ids(course, tmp_path / "extracted", "scale", *both).values()) == {"ana-anic", "bo-bic"}


def test_user_names_of_blackboard_may_hold_an_underscore(course: Course) -> None:
    names = ("ana_anic", "mara_anic", "ivo")
    files: dict[str, bytes] = {}
    for name, body in zip(names, (SOLVED, WRONG, WRONG), strict=True):
        begins = f"Zadatak_3_{name}_attempt_2026-01-10-12-30-00"
        files[f"{begins}_rad.zip"] = zipped(work(course, body=body))
        files[f"{begins}.txt"] = f"\ufeffName: Ana Anić ({name})\r\nAssignment: Zadatak (3)\r\n".encode()
    assert Download(course)(files) == []
    rows = grade_class(course, "scale", run_notebooks=False)
    assert {row.student: row.total for row in rows} == {"ana-anic": 4.0, "mara-anic": 1.0, "ivo": 1.0}


def test_who_handed_in_nothing_that_can_be_read_is_graded_and_listed(course: Course) -> None:
    files = {"rad.rar": b"Rar!\x1a\x07", "rad.7z": b"7z", "rad.tar.xz": b"\xfd7zXZ", "rad.zip": zipped({})}
    files["rad (1).zip"] = zipped({"env/layers.py": b"x"})
    sent = {
        f"{moodle(f'Student {letter}', n)}/{name}": c
        for n, (letter, (name, c)) in enumerate(zip("ABCDE", files.items(), strict=True))
    }
    lines = Download(course)(sent)
    rows = {row.student: row for row in grade_class(course, "scale", run_notebooks=False)}
    assert {name: row.total for name, row in rows.items()} == {f"student-{letter}": 0.0 for letter in "abcde"}
    for letter, name in zip("abc", files, strict=False):
        assert any(name in line for line in lines)
        assert any(f"archives that were not unpacked: {name}" in line for line in rows[f"student-{letter}"].look)
    for letter in "de":
        assert any("holds no file that could be collected" in line for line in rows[f"student-{letter}"].look)


def test_hidden_names_are_nobodys_twice(course: Course, tmp_path: Path) -> None:
    folder = tmp_path / "extracted"
    first, second = moodle("Participant", 11), moodle("Participant", 22)
    assert ids(course, folder, "scale", first) == {first: "participant-11"}
    assert ids(course, folder, "scale", first, second) == {first: "participant-11", second: "participant-22"}
    assert ids(course, folder, "next", first) == {first: "participant-11-next"}


def test_an_id_that_an_earlier_version_gave_stays(course: Course, tmp_path: Path) -> None:
    (course.submitted / "ukasz-gro" / "scale").mkdir(parents=True)
    sender = moodle("Łukasz Groß", 7)
    assert ids(course, tmp_path / "extracted", "scale", sender) == {sender: "ukasz-gro"}


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> tuple[Course, list[str], dict[str, Row]]:
    """One download with everything that is odd, collected and graded."""
    course = released_course(tmp_path_factory.mktemp("everybody"))
    right = zipped(work(course))
    stored = bytearray(right)
    with zipfile.ZipFile(_file(course, right)) as archive:
        info = archive.getinfo("scale/funkcije/layers.py")
        stored[info.header_offset + 60] ^= 1
    handout = {
        f"scale/preuzeto/scale/{p.relative_to(course.release / 'scale').as_posix()}": p.read_bytes()
        for p in (course.release / "scale").rglob("*")
        if p.is_file()
    }
    environment = {f"scale/env/lib/m{number}.py": b"" for number in range(2_100)}
    lines = Download(course)(
        {
            f"{moodle('Име Презиме', 303)}/rad.zip": right,
            f"{moodle('Prvi Student', 1)}/rad.zip": right[: len(right) // 2],
            f"{moodle('Drugi Student', 2)}/rad.zip": b"<html></html>",
            f"{moodle('Treći Student', 3)}/rad.zip": bytes(stored),
            f"{moodle('Četvrti Student', 4)}/rad.zip": zipped({**environment, **work(course)}),
            f"{moodle('Peti Student', 5)}/rad.zip": _dated(handout, work(course)),
            f"{moodle('Participant', 6)}/rad.zip": right,
            "Default group_assignsubmission_file/rad.zip": right,
            "anon_x7Kq2_9003_rad.zip": right,
            "LATE_anon_y8Lr3_9004_rad.zip": right,
            "prezimeime_LATE_112_9002_rad.zip": right,
            "de_laprezimeime_113_9006_rad.zip": zipped(work(course, body=WRONG)),
            "Zadatak 3_korisnik_attempt_2026-01-10-12-30-00_rad.zip": right,
            "Zadatak 3_korisnik_attempt_2026-01-10-12-30-00.txt": b"Name: Ime (korisnik)",
            "118732-282931 - Jane Doe - Jan 10, 2026 113 PM/rad.zip": right,
        }
    )
    return course, lines, {row.student: row for row in grade_class(course, "scale", run_notebooks=False)}


def _file(course: Course, content: bytes) -> Path:
    path = course.root / "a.zip"
    path.write_bytes(content)
    return path


def _dated(newer: dict[str, bytes], older: dict[str, bytes]) -> bytes:
    """A zip whose first files are younger, and of which the second folder is the untouched handout."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for year, files in ((2026, newer), (2025, older)):
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6)), content)
    return buffer.getvalue()


FULL = {
    "ime-prezime", "cetvrti-student", "peti-student", "participant-6", "default-group", "anon-x7kq2", "anon-y8lr3",
    "prezimeime", "korisnik", "jane-doe",
}  # fmt: skip


def test_every_systems_hand_ins_are_collected_under_ids_that_a_person_can_read(
    everybody: tuple[Course, list[str], dict[str, Row]],
) -> None:
    _, _, rows = everybody
    assert {name.casefold() for name, row in rows.items() if row.total == 4.0} == FULL
    assert rows["de-laprezimeime"].total == 1.0


def test_it_is_said_whose_archive_could_not_be_unpacked_there_and_where_it_is_graded(
    everybody: tuple[Course, list[str], dict[str, Row]],
) -> None:
    _, lines, rows = everybody
    for name, number, student in (("Prvi", 1, "prvi"), ("Drugi", 2, "drugi"), ("Treći", 3, "treci")):
        sender = moodle(f"{name} Student", number)
        assert any(line.startswith(f"Not unpacked: {sender}/rad.zip: ") for line in lines), lines
        row = rows[f"{student}-student"]
        assert row.total == 0.0
        assert any(f"Not all of the archive was unpacked: {sender}/rad.zip" in line for line in row.look), row.look


def test_lateness_and_time_are_kept(everybody: tuple[Course, list[str], dict[str, Row]]) -> None:
    course, _, rows = everybody
    late = {name for name, row in rows.items() if any("Handed in late" in line for line in row.look)}
    assert {name.casefold() for name in late} == {"anon-y8lr3", "prezimeime"}
    times = {name: existing_timestamp(str(course.submitted / name / "scale")) for name in ("korisnik", "jane-doe")}
    written = {"korisnik": datetime(2026, 1, 10, 12, 30), "jane-doe": datetime(2026, 1, 10, 13, 13)}
    assert times == {name: when.astimezone(UTC).replace(tzinfo=None) for name, when in written.items()}


def test_the_csv_says_how_the_system_names_a_person_and_formgrader_has_a_name_for_each(
    everybody: tuple[Course, list[str], dict[str, Row]], tmp_path: Path
) -> None:
    course, _, _ = everybody
    export_csv(course, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    row = exported["ime-prezime"]
    assert (row["lms"], row["lms_number"], row["lms_name"]) == ("moodle", "303", "Име Презиме")
    assert row["lms_folder"] == moodle("Име Презиме", 303)
    assert (row["first_name"], row["last_name"]) == ("Име", "Презиме")
    assert exported["prezimeime"]["late"] == "yes"
    with open_gradebook(course) as gradebook:
        assert all(student.last_name and student.first_name is not None for student in gradebook.students)


def test_collected_again_alone_a_person_is_the_same(everybody: tuple[Course, list[str], dict[str, Row]]) -> None:
    course, _, rows = everybody
    again = {f"{moodle('Име Презиме', 303)}/rad.zip": zipped(work(course, body=SOLVED))}
    shutil.rmtree(course.submitted / "ime-prezime" / "scale")
    assert Download(course)(again) == []
    assert {path.name for path in course.submitted.iterdir()} == set(rows)


def test_feedback_is_written_for_a_name_with_brackets_when_it_is_asked_for_by_that_name(course: Course) -> None:
    hand_in(course, "a[1]")
    grade_class(course, "scale", run_notebooks=False)
    assert NbGraderAPI(config=course_config(course)).generate_feedback("scale", "a[1]")["success"]
    assert (course.root / "feedback" / "a[1]" / "scale" / "scale.html").is_file()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-10 12:00:00 +0100", "2026-01-10 11:00:00"),
        ("2026-01-10 12:00:00 +01:00", "2026-01-10 11:00:00"),
        ("2026-01-10T12:00:00-0530", "2026-01-10 17:30:00"),
        ("10.01.2026 12:00", "2026-01-10 12:00:00"),
        ("10. 1. 2026. 12:00:30 +0100", "2026-01-10 11:00:30"),
        ("2026-01-10 12:00:00 UTC", "2026-01-10 12:00:00"),
    ],
)
def test_times_are_read_as_people_and_programs_write_them(tmp_path: Path, text: str, time: str) -> None:
    (tmp_path / "timestamp.txt").write_text(text)
    assert str(existing_timestamp(str(tmp_path))) == time
