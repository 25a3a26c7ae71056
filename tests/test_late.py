"""Late work: what nbgrader's own plugin takes for it, by the time that the learning management system gave."""

from __future__ import annotations

import csv
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from classroom import NO_KERNEL, hand_in, released_course
from nbgrader.plugins import LateSubmissionPlugin
from test_identity import Download, moodle
from test_nbgrader_handin import work, zipped

from grader.classroom.export import export_csv
from grader.classroom.gradebook import open_gradebook, write_feedback
from grader.classroom.handin.times import read_time
from grader.classroom.late import IN_TIME, Late, duration
from grader.classroom.pages.overview import Task, overview
from grader.classroom.report.make import write_report
from grader.classroom.rows import table
from grader.classroom.status import Standing, report, standings
from grader.classroom.whole_class import grade_class
from grader.course import Course
from grader.text import sentences

# nbgrader 0.9 adds rows in an order that SQLAlchemy 2.1 remarks on; they are the right rows.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

PER_DAY = "\nc.AssignLatePenalties.plugin_class = 'test_late.PerDay'\n"


class PerDay(LateSubmissionPlugin):  # type: ignore[misc]
    """A plugin as a course writes one: a point for each day that has begun."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        return float(-(-total_seconds_late // 86400))


def with_deadline(folder: Path, settings: str) -> Course:
    course = released_course(folder, NO_KERNEL + settings)
    with open_gradebook(course) as gradebook:
        gradebook.update_or_create_assignment("scale", duedate="2026-01-10 12:00:00 UTC")
    return course


def at(course: Course, student: str, when: str) -> None:
    (hand_in(course, student) / "timestamp.txt").write_text(when)


def test_late_days_are_in_table_status_csv_and_feedback_and_nobody_in_time_loses_a_point(tmp_path: Path) -> None:
    course = with_deadline(tmp_path, PER_DAY)
    at(course, "in-time", "2026-01-10 12:00:00 UTC")
    at(course, "late", "2026-01-11 14:30:00 UTC")
    rows = grade_class(course, "scale", run_notebooks=False)
    said = table(course.assignment("scale"), rows)
    assert "late: late by 1 d 2 h, taken off in the gradebook: 2." in said
    assert said.count("late by") == 1
    stands = {one.student: one for one in standings(course, "scale")}
    assert {student: (one.late, one.final) for student, one in stands.items()} == {
        "in-time": (IN_TIME, 4.0),
        "late": (Late(26.5 * 3600, 2.0), 2.0),
    }
    assert "graded; late by 1 d 2 h, taken off: 2" in report("scale", list(stands.values()))
    whole = write_report(course, "scale").read_text("utf-8")
    assert whole.count("late (1 d 2 h, −2)") == len(course.settings.languages), whole
    export_csv(course, tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["student_id"]: row for row in csv.DictReader(file)}
    figures = {
        student: (row["seconds_late"], row["late_submission_penalty"], row["score"])
        for student, row in exported.items()
    }
    assert figures["late"] == ("95400.0", "2.0", "2.0")
    assert figures["in-time"] == ("0.0", "0.0", "4.0")
    pages = {
        student: page.read_text("utf-8")
        for student, page in write_feedback(course, "scale", ["in-time", "late"]).items()
    }
    assert "Kasna predaja</td>" in pages["late"] and ">-2</td>" in pages["late"] and ">1 d 2 h</td>" in pages["late"]
    assert "scale: 2 / 6" in pages["late"]
    assert "Kasna predaja" not in pages["in-time"]


def test_nobody_has_less_than_nothing() -> None:
    assert Standing("ana", "graded", points=1.0, late=Late(60.0, 4.0)).final == 0.0
    page = overview(sentences("en"), "scale", [Task("f", "f", 1.0, 2.0)], Late(60.0, 4.0), None)
    assert "scale: 0 / 2" in page
    assert ">-4</td>" in page and ">1 min</td>" in page


@pytest.mark.full
def test_work_that_is_late_and_costs_nothing_is_said_to_be_late(tmp_path: Path) -> None:
    course = with_deadline(tmp_path, "")
    at(course, "late", "2026-01-10 12:26:00 UTC")
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert row.late == Late(26 * 60.0, 0.0)
    assert "late by 26 min, taken off in the gradebook: 0." in table(course.assignment("scale"), [row])
    assert ">26 min</td>" in write_feedback(course, "scale")["late"].read_text("utf-8")


def test_a_time_in_a_files_name_is_of_this_machines_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = released_course(tmp_path)
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        names = ("2026-01-10-12-30-00", "2026-07-10-12-30-00")
        files = {
            f"Zadatak_{user}_attempt_{when}_rad.zip": zipped(work(course))
            for user, when in zip("ab", names, strict=True)
        }
        assert Download(course)(files) == []
    finally:
        monkeypatch.undo()
        time.tzset()
    times = {user: (course.submitted / user / "scale" / "timestamp.txt").read_text() for user in "ab"}
    assert times == {"a": "2026-01-10 11:30:00", "b": "2026-07-10 10:30:00"}


def test_moodles_worksheet_beside_its_download_says_when_each_came(tmp_path: Path) -> None:
    course = with_deadline(tmp_path, PER_DAY)
    header = "Identifier,Grade,Last modified (submission),Last modified (grade)"
    rows = ['Participant 301,,"Saturday, 10 January 2026, 9:05 AM",-', "Participant 302,,-,-", "Participant 9,,-,-"]
    files = {f"{moodle('Ana Anić', 301)}/rad.zip": zipped(work(course))}
    files |= {
        f"{moodle('Bo Bo', 302)}/rad.zip": zipped(work(course)),
        "Grades-1.csv": "\n".join([header, *rows]).encode(),
    }
    assert Download(course)(files) == []
    local = datetime(2026, 1, 10, 9, 5).astimezone(UTC).replace(tzinfo=None)
    assert (course.submitted / "ana-anic" / "scale" / "timestamp.txt").read_text() == str(local)
    assert not (course.submitted / "bo-bo" / "scale" / "timestamp.txt").exists()
    assert {path.name for path in course.submitted.iterdir()} == {"ana-anic", "bo-bo"}
    shutil.rmtree(course.submitted)
    files["Grades-1.csv"] = b"ime,godina\nAna,2\n"
    assert any("Grades-1.csv: expected a name as Moodle" in line for line in Download(course)(files))


@pytest.mark.parametrize(
    "text",
    [
        "Wednesday, 13 March 2024, 10:15 PM",
        "Wednesday, March 13, 2024, 10:15 PM",
        "Mittwoch, 13. März 2024, 22:15",
        "mercredi 13 mars 2024, 22:15",
        "mercredi 13 mars 2024 à 22h15",
        "srijeda, 13. ožujka 2024, 22:15",
        "srijeda, 13. ožujak 2024., 22:15",
        "sreda, 13. mart 2024, 22:15",
        "среда, 13. март 2024, 22:15",
    ],
)
def test_moodles_times_are_read_in_each_language(text: str) -> None:
    assert read_time(text) == datetime(2024, 3, 13, 22, 15)


@pytest.mark.parametrize(
    "text", ["", "-", "13.3.2024 22:15", "31 February 2024, 22:15", "13 March 2024", "13 marca 2024, 22:15"]
)
def test_what_is_no_time_of_moodles_is_none(text: str) -> None:
    assert read_time(text) is None


def test_late_by_a_mark_without_a_time_costs_nothing_and_a_person_is_told(tmp_path: Path) -> None:
    course = with_deadline(tmp_path, "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    assert Download(course)({"anaanic_LATE_12_34_rad.zip": zipped(work(course))}) == []
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert any("does not say by how much, so no points were taken" in line for line in row.look)
    (stands,) = standings(course, "scale")
    assert stands.final == stands.points == row.total


@pytest.mark.full
def test_late_by_a_mark_and_a_time_costs_what_the_course_takes_for_it(tmp_path: Path) -> None:
    course = with_deadline(tmp_path, "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    assert Download(course)({"anaanic_LATE_12_34_rad.zip": zipped(work(course))}) == []
    (course.submitted / "anaanic" / "scale" / "timestamp.txt").write_text("2026-01-10 12:00:01 UTC")
    (row,) = grade_class(course, "scale", run_notebooks=False)
    assert not any("does not say by how much" in line for line in row.look)
    (stands,) = standings(course, "scale")
    assert (stands.late.by, stands.final) == ("1 min", 0.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 min"), (3599, "59 min"), (3600, "1 h"), (90_061, "1 d 1 h"), (86_460, "1 d"), (7_260, "2 h 1 min")],
)
def test_a_time_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
