"""nbgrader's side of generating: `release/NAME/` and `solutions/NAME/` from one source.

`nbgrader_config.py` names the two classes, so the command line, the Python API and formgrader's button take one path:

    c.GenerateAssignment.preprocessors.prepend(["grader.plugins.RenderRelease"])
    c.GenerateSolution.preprocessors = ["grader.plugins.RenderWorked"]

nbgrader deletes the old folder first and converts afterwards, and where converting fails the folder is gone. What
must hold is therefore proved while these classes are constructed: that is the last moment before nbgrader touches the
folder. An assignment is generated whole, with the course's own settings, into a temporary folder and on a copy of the
gradebook; if that fails, nbgrader stops with one line and the old folder stays as it was.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment, GenerateSolution, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor
from sqlalchemy.engine import make_url
from traitlets import Bool, Unicode
from traitlets.config import Config

from checks.handin import MANIFEST

from ..classic import ClassicAssignment
from ..classroom.programs import find_own_programs
from ..course import Course
from ..errors import GraderError
from ..sandbox.temporary import temporary_folder
from ..text import log_to, sentences
from ..translation.notebook import spoken, translated
from .fits import fit, origin
from .handout import check_notebook, handout, manifest, without_source_only
from .proof import prove, read_files
from .worked import execute

Files = dict[str, bytes]


class _Rehearsal(GenerateAssignment):  # type: ignore[misc]
    """Generates one assignment into a folder of its own; what goes wrong is raised, and not logged."""

    files: Files
    """What the release holds beside its notebook."""

    def convert_notebooks(self) -> None:
        for source, notebooks in self.assignments.items():
            self.notebooks = notebooks
            self.init_assignment(Path(source).name, ".")
            for notebook in notebooks:
                self.convert_single_notebook(notebook)


class _Prepared(NbGraderPreprocessor):  # type: ignore[misc]
    """Prepares each assignment that its converter is about to generate, before the converter touches anything."""

    converter_class: ClassVar[Any]
    language = Unicode(help="A language of the course's, in place of its first.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.converter: Any = getattr(self.parent, "parent", None)
        if not isinstance(self.converter, self.converter_class):
            raise TypeError(f"{type(self).__name__} belongs into {self.converter_class.__name__}.preprocessors")
        self.prepared: dict[str, Any] = {}
        find_own_programs()
        for source in self.converter.assignments:
            name = Path(source).name
            destination = Path(self.converter._format_dest(name, "."))
            if destination.exists() and not self.converter.force:
                continue  # nbgrader passes over it
            try:
                self.prepared[name] = self.prepare(name)
            except Exception as error:
                where = origin(self.course, error) or name
                said = str(error) if isinstance(error, GraderError) else f"{where}: {type(error).__name__}: {error}."
                line = f"{' '.join(said.split())} ({destination.parent.name}/{name} is left as it was.)"
                self.log.error(line)
                self.log.debug("The fault:", exc_info=True)
                raise NbGraderException(line) from error

    @property
    def course(self) -> Course:
        """The course that is generated from."""
        course = Course(Path(self.converter.coursedir.root))
        return course.spoken_in(self.language) if self.language else course

    def prepare(self, name: str) -> Any:
        """Make and prove what belongs to an assignment; raise if it may not be written."""
        raise NotImplementedError

    def of(self, resources: Any) -> Any:
        """What was prepared for the notebook that is converted now."""
        name = resources["nbgrader"]["assignment"]
        if name not in self.prepared:
            raise NbGraderException(f"{name}: nothing was proved about this release. Next: run it again with --force.")
        return self.prepared[name]


class RenderRelease(_Prepared):
    """Puts the package, `checks/`, requirements and README beside the notebook that students get.

    First in `GenerateAssignment.preprocessors`.
    """

    converter_class = GenerateAssignment
    text_stub = ""
    """What the course's configuration says for an empty answer."""

    def prepare(self, name: str) -> Files:
        """Generate the assignment in a temporary folder, and prove it there."""
        if isinstance(self.converter, _Rehearsal):
            return self.converter.files
        assignment = self.course.assignment(name)
        if isinstance(assignment, ClassicAssignment):
            return {}  # nbgrader's own steps do all that there is to do
        source = self.course.notebook(name)
        where = source.relative_to(self.course.root).as_posix()
        written = spoken(self.course, name)
        check_notebook(written, assignment, where)
        fit(self.course, assignment)
        made = handout(self.course, assignment)
        with temporary_folder() as folder:
            release = self._rehearse(name, folder, made.release)
        prove(self.course, assignment, release, made.rendered, written)
        return made.release

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Take out what only the source needs, and hand the files to nbgrader's writer."""
        resources.setdefault("outputs", {}).update(self.of(resources))
        for step in self.parent._preprocessors:
            if isinstance(step, ClearSolutions):
                # What the course writes for an empty answer is its own; a classic assignment has nbgrader's.
                self.text_stub = self.text_stub or step.text_stub
                step.text_stub = self._empty_answer(resources["nbgrader"]["assignment"])
        return without_source_only(self._in_its_language(nb, resources)), resources

    def _empty_answer(self, name: str) -> str:
        """What students find where they are to write."""
        settings = self.course.settings
        if name in settings.classic:
            return str(ClearSolutions.text_stub.default_value)
        if settings.translates_to is None:
            return self.text_stub
        return f"*{sentences(settings.translates_to)('your_answer').capitalize()}*"

    def _in_its_language(self, nb: NotebookNode, resources: Any) -> NotebookNode:
        name = resources["nbgrader"]["assignment"]
        return nb if name in self.course.classic else translated(nb, self.course, name)

    def _rehearse(self, name: str, folder: Path, files: Files) -> Files:
        real = self.converter.coursedir
        coursedir = CourseDirectory(**{trait: getattr(real, trait) for trait in real.trait_names(config=True)})
        coursedir.release_directory = str(folder)
        coursedir.assignment_id = name
        coursedir.notebook_id = "*"
        coursedir.db_url = f"sqlite:///{folder / 'gradebook.db'}"
        rehearsal = _Rehearsal(coursedir=coursedir, parent=self.converter)
        rehearsal.log = log_to(lambda entry: None)
        if not _copy_gradebook(real.db_url, folder / "gradebook.db"):
            rehearsal.no_database = True
            rehearsal.update_config(Config(SaveCells={"enabled": False}))
        rehearsal.files = files
        rehearsal.start()
        return read_files(folder / name)


class RenderWorked(_Prepared):
    """Puts the executed notebook into `solutions/`, with the solution modules beside it.

    The only one in `GenerateSolution.preprocessors`: it executes the notebook where it belongs, beside its modules.
    """

    converter_class = GenerateSolution
    execute = Bool(True, help="Whether to execute the worked notebook.").tag(config=True)

    def prepare(self, name: str) -> tuple[Any, Files]:
        """Execute the source notebook on the solution modules, in a temporary folder."""
        assignment = self.course.assignment(name)
        if isinstance(assignment, ClassicAssignment):
            return None, {}  # each notebook as it is
        files = handout(self.course, assignment).worked
        notebook = without_source_only(spoken(self.course, name))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        if self.execute:
            notebook = execute(notebook, files, name, self.log.info)
        return notebook, files | {MANIFEST: manifest(self.course, name, executed=self.execute)}

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Put the executed notebook in the place of its source."""
        notebook, files = self.of(resources)
        resources.setdefault("outputs", {}).update(files)
        return notebook or nb, resources


def _copy_gradebook(url: str, copy: Path) -> bool:
    """Copy a gradebook, so that a rehearsal changes nothing; False if there is none yet, or it is no SQLite file."""
    database = make_url(url)
    if database.get_backend_name() != "sqlite" or not database.database or not Path(database.database).is_file():
        return False
    uri = f"{Path(database.database).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return True
