"""Files of a submission in which a written answer may be that is not in the notebook."""

from __future__ import annotations

import re
from pathlib import Path

from ...grading.files import files_in
from ...text import shown

_NO_TEXTS = frozenset(
    {".ipynb", ".pyc", ".pyd", ".so", ".npy", ".npz", ".pkl", ".pickle", ".h5", ".hdf5", ".mat", ".bin", ".dat"}
    | {".toml", ".cfg", ".ini", ".lock", ".log", ".code-workspace", ".sublime-project", ".sublime-workspace", ".db"}
)
"""Of notebooks, which are looked at elsewhere, of data, and of what programs write for themselves."""
_NO_ANSWERS = frozenset({"timestamp.txt", "submission_secret.txt", "requirements.txt", "makefile", "license"})
_CODE = re.compile(r"\.py\w?$|\.py\.txt$", re.IGNORECASE)
_EXPORTED = re.compile(rb"^# (?:In\[|%%)|\"cell_type\"", re.MULTILINE)
"""Of a notebook that was saved as something else."""
_LARGEST = 10_000_000


def documents_in(folder: Path, released: Path) -> list[str]:
    """Files of a submission that were not handed out and are neither code nor data: texts, pictures, archives, by path.

    Args:
        folder: the submission.
        released: what was handed out.
    """
    found = []
    for path in files_in(folder):
        name = path.relative_to(folder)
        if path.name.lower() in _NO_ANSWERS or path.name.startswith(".") or path.suffix.lower() in _NO_TEXTS:
            continue
        handed_out = released / name
        if handed_out.is_file() and handed_out.stat().st_size == path.stat().st_size:
            continue
        if not _CODE.search(path.name) or _is_exported(path):
            found.append(shown(name.as_posix()))
    return found


def _is_exported(path: Path) -> bool:
    try:
        return path.stat().st_size <= _LARGEST and bool(_EXPORTED.search(path.read_bytes()))
    except OSError:
        return False
