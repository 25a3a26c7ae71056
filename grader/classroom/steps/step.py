"""What the steps have in common: each knows the converter that it works for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List, Unicode

from ..exporter import verdict_of
from ..prepared import Prepared
from ..verdicts import GradedSubmission

Resources = dict[str, Any]


class Step(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows the converter it works for."""

    # nbconvert configures it for every preprocessor of a page, and says so where one does not know it.
    display_data_priority = List(Unicode()).tag(config=True)

    @property
    def converter(self) -> Any:
        """The converter: the parent of the exporter that holds this preprocessor."""
        return self.parent.parent

    @property
    def verdict(self) -> GradedSubmission:
        """The verdict on the submission that is converted now; see `verdict_of`."""
        return verdict_of(self.converter)

    @property
    def prepared(self) -> Prepared | None:
        """What a class run knows of the submission beforehand."""
        prepared: Prepared | None = self.converter.prepared
        return prepared

    def destination(self, resources: Resources) -> Path:
        """The folder that the conversion writes to."""
        names = resources["nbgrader"]
        return Path(self.converter._format_dest(names["assignment"], names["student"]))
