"""Who is who in a course: one id for each person, from the first hand-in to the last.

`.grader/people.json` keeps, of every person whose work came from a learning management system, the name and the numbers
there and the folder of each hand-in. An id that was given never changes and is given to nobody else, whoever else is in
a later download.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from anyascii import anyascii

from ..course import Course
from ..errors import GraderError
from ..files import write_whole


@dataclass
class HandIn:
    """One person's hand-in to one assignment, as the system names it."""

    number: str = ""
    """The person's number in the system; in Moodle for this assignment alone."""
    folder: str = ""
    """What the system called the folder or file."""
    late: bool = False
    """Whether the system marked it as late."""


@dataclass
class Person:
    """A person of the course."""

    id: str
    """The folder under `submitted/`, and the student in nbgrader's gradebook."""
    system: str
    name: str
    """As the system writes it."""
    first_name: str = ""
    last_name: str = ""
    handins: dict[str, HandIn] = field(default_factory=dict)
    """By assignment."""


class People:
    """The people of a course, as its store keeps them.

    Args:
        course: whose.

    Raises:
        GraderError: what is stored cannot be read.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._path = course.store / "people.json"
        self.by_id: dict[str, Person] = {}
        try:
            data: list[dict[str, Any]] = json.loads(self._path.read_text(encoding="utf-8"))
            for item in data:
                handins = {name: HandIn(**handin) for name, handin in item.pop("handins").items()}
                self.by_id[item["id"]] = Person(**item, handins=handins)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise GraderError(
                f"{self._path}: expected the list of people, found something else ({type(error).__name__}). Next: "
                "restore it from a copy; ids that were given stand in it."
            ) from None

    def save(self) -> None:
        """Write them back, all or nothing.

        Raises:
            GraderError: the file cannot be written.
        """
        data = [asdict(person) for person in self.by_id.values()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(data, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise GraderError(f"{self._path}: cannot be written ({error.strerror}). Next: make room for it.") from None

    def handin(self, student: str, assignment: str) -> HandIn | None:
        """What is known of a hand-in; None if it came from no system."""
        person = self.by_id.get(student)
        return person.handins.get(assignment) if person else None

    def find(
        self,
        system: str,
        name: str,
        number: str,
        assignment: str,
        *,
        lasting: bool,
        alone: bool,
        named: bool,
        one: bool = True,
    ) -> Person:
        """The person behind a name and number in a download, who is entered if there was none.

        Args:
            system: which one, as in `moodle`.
            name: as it writes it.
            number: its number; may be empty for a group.
            assignment: the hand-in's.
            lasting: whether the number is the person's own, and not one for this assignment.
            alone: whether nobody else in the download has this name.
            named: whether the name is the person's, and not one that hides it.
            one: whether nobody else in the download has this number. Then who has it is the same person, also under
                another name: people marry, and systems are set to write the last name first, or to show who is who.
        """
        same = [p for p in self.by_id.values() if p.system == system and plain(p.name) == plain(name)]
        for person in same:
            handin = person.handins.get(assignment)
            if handin is not None and handin.number == number:
                return person
        if lasting:
            for person in same:
                if any(handin.number == number for handin in person.handins.values()):
                    return person
        if number and one:
            for person in self._numbered(system, number, "" if lasting else assignment):
                if named:
                    person.name = name
                    person.first_name, person.last_name = _parts(name)
                return person
        if not lasting and named and alone and len(same) == 1 and assignment not in same[0].handins:
            return same[0]
        first, last = _parts(name) if named else ("", "")
        person = Person(self._new_id(name, number, assignment, alone and named and not same), system, name, first, last)
        self.by_id[person.id] = person
        return person

    def _numbered(self, system: str, number: str, assignment: str) -> list[Person]:
        """Who has a number in a system: in one assignment, or in any."""
        return [
            person
            for person in self.by_id.values()
            if person.system == system
            and any(handin.number == number and assignment in {"", of} for of, handin in person.handins.items())
        ]

    def _new_id(self, name: str, number: str, assignment: str, by_name: bool) -> str:
        base = student_id(name)
        before = _id_before(name)
        if before and before != base and (self._course.submitted / before).is_dir() and before not in self.by_id:
            base = before  # given before names were transliterated whole
        tried = [base or number] if by_name else []
        tried += [f"{base}-{number}".strip("-"), f"{base}-{number}-{student_id(assignment)}".strip("-")]
        return next((one for one in tried if one not in self.by_id), f"{tried[-1]}-{len(self.by_id)}")


def plain(name: str) -> str:
    """A name as two spellings of it compare equal."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def student_id(name: str) -> str:
    """A folder's name for a person's: `Đorđe Žurić` becomes `djordje-zuric`, `Име Презиме` `ime-prezime`."""
    text = unicodedata.normalize("NFC", name).replace("đ", "dj").replace("Đ", "Dj")
    return re.sub(r"[^a-z0-9]+", "-", anyascii(text).lower()).strip("-")


def _id_before(name: str) -> str:
    """The id that version 0.1 gave, which left out what has no Latin base."""
    text = name.replace("đ", "dj").replace("Đ", "Dj")
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _parts(name: str) -> tuple[str, str]:
    """First names and last name, as far as a full name tells: the last word is the last name."""
    if "," in name:
        last, _, first = name.partition(",")
        return first.strip(), last.strip()
    first, _, last = " ".join(name.split()).rpartition(" ")
    return first, last


def namesakes(names: Collection[str]) -> set[str]:
    """Of the names in a download, as `plain` writes them, those that several people have."""
    seen: set[str] = set()
    return {name for name in map(plain, names) if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
