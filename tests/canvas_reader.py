"""How Canvas reads a gradebook: its rules, in Python, to read what the kit wrote.

From Canvas' own source on GitHub (instructure/canvas-lms), in the versions named by their commits:

- `lib/gradebook_importer.rb` at 00b222d77ee4, with examples from its `spec/lib/gradebook_importer_spec.rb`;
- `lib/gradebook_exporter.rb` at 0140a2effa63: what a gradebook looks like when it is exported;
- `Assignment.title_and_id`, by which an assignment is found from its column's title.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

TOTALS = (
    "Current Score", "Current Points", "Current Grade", "Final Score", "Final Points", "Final Grade", "Override Score",
    "Override Grade", "Override Status",
)  # fmt: skip
READ_ONLY = "(read only)"


@dataclass
class Import:
    """What Canvas would offer to change."""

    grades: dict[tuple[int, int], str] = field(default_factory=dict)
    """New grades, by student and assignment."""
    students: list[str] = field(default_factory=list)
    """Students that it would make."""
    assignments: list[str] = field(default_factory=list)
    """Assignments that it would make."""


@dataclass
class CanvasCourse:
    """What Canvas holds of a course."""

    assignments: dict[int, tuple[str, float]]
    """Title and maximum."""
    students: dict[int, str]
    """Sortable names."""
    scores: dict[tuple[int, int], float | str] = field(default_factory=dict)
    """By student and assignment; `EX` for an excused one."""
    not_assigned: set[tuple[int, int]] = field(default_factory=set)
    read_only: set[int] = field(default_factory=set)

    def gradebook(self, *, separator: str = ",", comma: str = ".", manual: bool = False, end: str = "\n") -> bytes:
        """The gradebook, as it is exported."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=separator, lineterminator=end)
        titles = [f"{title} ({number})" for number, (title, _) in self.assignments.items()]
        writer.writerow(["Student", "ID", "SIS Login ID", "Section", *titles, "Current Score", "Final Score"])
        if manual:
            writer.writerow(["", "", "", "", *("Manual Posting" for _ in titles), "", ""])
        most = [
            READ_ONLY if number in self.read_only else f"{maximum:.2f}".replace(".", comma)
            for number, (_, maximum) in self.assignments.items()
        ]
        writer.writerow(["    Points Possible", "", "", "", *most, READ_ONLY, READ_ONLY])
        for student, name in self.students.items():
            cells = [self._cell(student, number).replace(".", comma) for number in self.assignments]
            writer.writerow([name, student, f"login{student}", "Sekcija 1", *cells, "", ""])
        return out.getvalue().encode()

    def _cell(self, student: int, assignment: int) -> str:
        if (student, assignment) in self.not_assigned:
            return "N/A"
        score = self.scores.get((student, assignment), "")
        return f"{score:.2f}" if isinstance(score, float) else score

    def read(self, content: bytes) -> Import:
        """What Canvas would offer to change.

        Raises:
            ValueError: the header is not that of a gradebook.
        """
        text = content.decode("utf-8")
        rows = [
            [converted(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
            if row and not re.fullmatch(r"[;, ]+", "".join(row))
        ]
        header = rows[0]
        if not (len(header) > 3 and "Student" in header[0] and "ID" in header[1]):
            raise ValueError("Invalid header row")
        first = 3 + ("SIS Login ID" in header[2])
        if "Section" not in header[first - 1]:
            raise ValueError("Invalid header row")
        result = Import()
        columns = {}
        for column, title in list(enumerate(header))[first:]:
            if any(total in title for total in TOTALS):
                continue
            match = re.fullmatch(r"(.*)\s\((\d+)\)", title)
            if match and int(match[2]) in self.assignments:
                columns[column] = int(match[2])
            else:
                result.assignments.append(title)
        read_only: set[int] = set()
        for row in rows[1:]:
            if "Points Possible" in row[0]:
                read_only = {column for column in columns if re.search(r"read\s+only", row[column])}
            elif not all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
                if not row[1].isdigit() or int(row[1]) not in self.students:
                    result.students.append(row[0])
                    continue
                for column, assignment in columns.items():
                    key = (int(row[1]), assignment)
                    new = "" if key in self.not_assigned else row[column].strip()
                    if column not in read_only and key not in self.not_assigned and self._changes(key, new):
                        result.grades[key] = new
        return result

    def _changes(self, key: tuple[int, int], new: str) -> bool:
        held = str(self.scores.get(key, ""))
        if new == held or (held in {"", "-"} and new in {"", "-"}):
            return False
        if "" in {new, held} or "EX" in {new.upper(), held.upper()}:
            return True
        return f"{float(held):.2f}" != f"{float(new):.2f}"


def delimiter(text: str) -> str:
    """What separates the columns, by the first three lines."""
    counts = {}
    for sign in ";,":
        sizes = {len(next(csv.reader([line], delimiter=sign), [])) for line in text.splitlines()[:3]}
        counts[sign] = sizes.pop() if len(sizes) == 1 else 0
    return ";" if counts[";"] > counts[","] else ","


def converted(cell: str) -> str:
    """A pure number with the last sign as its decimal point: `1.234,5` is 1234.5."""
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *whole, last = re.split("[,.]", cell)
    return f"{''.join(whole)}.{last}" if whole else last
