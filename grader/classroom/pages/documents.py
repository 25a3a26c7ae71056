"""Files of a submission in which a written answer may be that is not in the notebook."""

from __future__ import annotations

from pathlib import Path

from ...grading.files import files_in
from ...text import shown

_TEXTS = (".txt", ".md", ".rst", ".rtf", ".tex", ".htm", ".html")
_DOCUMENTS = (".doc", ".docx", ".odt", ".pages", ".pdf")
_NBGRADER_OWN = frozenset({"timestamp.txt", "submission_secret.txt"})
_PICTURES = (".png", ".jpg", ".jpeg", ".heic", ".webp")


def documents_in(folder: Path, released: Path) -> list[str]:
    """Texts, documents and pictures of a submission that are not what was handed out, by path.

    Args:
        folder: the submission.
        released: what was handed out.
    """
    found = []
    for path in files_in(folder):
        name = path.relative_to(folder)
        if name.as_posix() in _NBGRADER_OWN:
            continue
        if path.suffix.lower() in {*_TEXTS, *_DOCUMENTS, *_PICTURES} and not path.name.lower().endswith(".py.txt"):
            handed_out = released / name
            if not (handed_out.is_file() and handed_out.stat().st_size == path.stat().st_size):
                found.append(shown(name.as_posix()))
    return found
