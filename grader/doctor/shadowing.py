"""Files beside the solution that would be taken for something else, if anybody looked there."""

from __future__ import annotations

from .attack import Attack

_READ_WHERE_ONE_STANDS = (
    *("sitecustomize.py", "usercustomize.py", "re.py", "json.py", "numpy.py", "grader/__init__.py"),
    *("jupyter_config.py", "jupyter_nbconvert_config.py", "ipython_config.py", "conftest.py"),
)
_FAILS = "raise RuntimeError('taken for another')\n"


def _beside(name: str, tries: str, *files: str, says: str = "") -> Attack:
    return Attack(name, tries, files=dict.fromkeys(files, _FAILS), costs="nothing", says=says)


SHADOWING = (
    _beside("numpy_beside", "Puts a numpy.py beside the package and in it.", "numpy.py", "$package/numpy.py"),
    _beside(
        "library_beside",
        "Puts modules of the standard library beside the package.",
        "os.py",
        "json.py",
        "ctypes/__init__.py",
    ),
    _beside("package_as_a_module", "Puts a module of its name beside the package.", "$package.py"),
    _beside(
        "at_start",
        "Puts sitecustomize and usercustomize where Python looks at its start.",
        "sitecustomize.py",
        "usercustomize.py",
    ),
    _beside(
        "checks_of_its_own",
        "Brings checks and a grader of its own.",
        "checks/__init__.py",
        "checks/executor/executor.py",
        "grader/__init__.py",
        "grader/worker/main.py",
    ),
    Attack(
        "course_of_its_own",
        "Poses as a course, with settings and checks of its own, where somebody types `grader check .` in it.",
        poses={
            "nbgrader_config.py": "nbgrader_config.py",
            "source/$name/$name.ipynb": "source/$name/$name.ipynb",
            "checks/__init__.py": "checks/__init__.py",
            "checks/$name/__init__.py": "checks/$name/__init__.py",
        },
        costs="nothing",
    ),
    Attack(
        "read_where_one_stands",
        "Brings what Python, Jupyter and their libraries read from the folder that one stands in.",
        poses=dict.fromkeys(_READ_WHERE_ONE_STANDS, ""),
        costs="nothing",
    ),
    _beside("given_modules", "Replaces the package's first file.", "$package/__init__.py"),
    _beside("path_file", "Brings a .pth file.", "eve.pth", "$package/eve.pth"),
    _beside(
        "compiled",
        "Brings compiled modules, which Python prefers to source.",
        "$package/$module.abi3.so",
        "$package/$given.so",
        "$package/__pycache__/$module.cpython-311.pyc",
    ),
    Attack(
        "folder_before_module",
        "Brings folders of the given modules' names, which Python prefers to modules.",
        files={f"$package/{name}/__init__.py": _FAILS for name in ("$module", "$given")},
        costs="nothing",
    ),
    Attack(
        "link_to_the_secret",
        "Hands in a link to the course secret as a module.",
        links={"$package/eve.py": "$secret"},
        costs="nothing",
        says="eve.py",
    ),
    Attack(
        "link_to_a_folder",
        "Hands in a link to the course as a folder of modules.",
        links={"$package/eve": "$course"},
        costs="nothing",
    ),
    Attack(
        "large_module",
        "Hands in a module of two megabytes.",
        files={"$package/eve.py": "#" * 2**21},
        costs="nothing",
        says="eve.py",
    ),
    Attack(
        "many_modules",
        "Hands in a thousand modules.",
        files={f"$package/z{number}.py": "" for number in range(1000)},
        costs="nothing",
        says=r"z\d+\.py.*\(90\d\)",
    ),
    Attack(
        "name_that_moves_the_cursor",
        "Hands in a file whose name clears the terminal.",
        files={"$package/\x1b[2J\x07.py": "#" * 2**21},
        costs="nothing",
        says="py",
    ),
    Attack(
        "name_that_is_no_text",
        "Hands in a file whose name is no text in any encoding.",
        files={"$package/eve\udcff.py": "x = 1\n"},
        costs="nothing",
    ),
)
