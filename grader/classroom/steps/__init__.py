"""What nbgrader does with one submission, step by step: the preprocessors that `nbgrader_config.py` names.

Sanitizing, from `submitted/` to `autograded/` (`restoring`):

- `RestoreCells` puts locked cells, metadata and deleted graded cells back as they were handed out;
- `RestoreModules` puts given modules and `checks/` back, and keeps what the student may edit or add.

Autograding, in `autograded/` (`for_reading`, `scoring`):

- `ExecuteForReading` runs the notebook in the sandbox so that a person can read it, which changes no score;
- `TrustedVerdict` writes the verdict into the graded cells, in the form from which nbgrader reads points;
- `SaveScores` enters the points into the gradebook, all of them or none;
- `MakeInert` leaves nothing in the submission's text that would run in its reader's browser.

Feedback, from `autograded/` to `feedback/` (`feedback`):

- `HtmlOnly` keeps everything but the pages out of `feedback/`;
- `SayStale` says on a page that its points no longer count;
- `FitFigures` keeps a wide figure inside its page.

A fault of the kit raises `GraderError`; nbgrader then drops the conversion, and no score is written.
"""
