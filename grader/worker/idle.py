"""Stand-ins that do nothing for what shows pictures and progress, where it is not installed.

Students set up their figures at the top of a module, or plot on the way. Nothing that is graded comes of it, so it
costs nothing here; the libraries are in what they were told to install.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

IDLE = frozenset(
    {
        "IPython", "PIL", "altair", "bokeh", "cycler", "google", "ipywidgets", "jupyterlab", "matplotlib",
        "matplotlib_inline", "mpl_toolkits", "plotly", "pooch", "pylab", "seaborn", "tqdm",
    }
)  # fmt: skip
"""Libraries that show something, or come with a notebook; `google` is Colab's."""


class Idle(ModuleType):
    """Stands for such a library, for anything in it, and for whatever that gives; any use of it does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return "0"
        if name.startswith("__"):
            raise AttributeError(name)
        return Idle(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Another of the kind; of a loop what is looped over, and of a decorator what is decorated."""
        library, _, name = self.__name__.partition(".")
        name = name.rpartition(".")[2]
        if library == "tqdm" and name == "trange":
            return range(*args)
        if library == "tqdm" and args and name in {"tqdm", "tqdm_notebook"}:
            return args[0]
        if name == "subplots":
            return Idle(f"{self.__name__}.figure"), Idle(f"{self.__name__}.axes")
        decorates = len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], Idle)
        return args[0] if decorates else Idle(f"{self.__name__}.result")

    def __getitem__(self, key: Any) -> Any:
        return Idle(f"{self.__name__}.item")

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __delitem__(self, key: Any) -> None:
        pass

    def __contains__(self, key: Any) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return ()
