"""What the steps have in common: each knows the converter that it works for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.preprocessors import NbGraderPreprocessor

Resources = dict[str, Any]


class Step(NbGraderPreprocessor):  # type: ignore[misc]
    """A preprocessor that knows the converter it works for."""

    @property
    def converter(self) -> Any:
        """The converter: the parent of the exporter that holds this preprocessor."""
        return self.parent.parent

    def destination(self, resources: Resources) -> Path:
        """The folder that the conversion writes to."""
        names = resources["nbgrader"]
        return Path(self.converter._format_dest(names["assignment"], names["student"]))
