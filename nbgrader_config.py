"""The course: what nbgrader plugs in, and nothing else.

Classes are named as strings and nothing is imported here, so that a fault in the kit stops nbgrader with the class's
name instead of leaving it with its own settings.
"""

c = get_config()  # noqa: F821

root = __file__[: -len("/nbgrader_config.py")]

c.CourseDirectory.course_id = "funkcije"
c.CourseDirectory.solution_directory = "solutions"
# Not nbgrader's `gradebook.db`: nbgrader ignores a configuration file that it cannot read, and would then grade by the
# notebook's own outputs. As it is, it finds no such assignment in an empty gradebook, and writes no score.
c.CourseDirectory.db_url = f"sqlite:///{root}/grades.db?timeout=60"

# An old release is replaced only by one that was proved before, and a fresh clone has its releases but no gradebook.
c.GenerateAssignment.force = True
c.GenerateAssignment.preprocessors = [
    "grader.plugins.RenderRelease",
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.ClearSolutions.text_stub = "*Vaš odgovor / your answer*"
c.GenerateSolution.preprocessors = ["grader.plugins.RenderWorked"]

c.Autograde.exporter_class = "grader.plugins.SubmissionExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "grader.plugins.RestoreCells",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
    "grader.plugins.RestoreModules",
]
c.Autograde.autograde_preprocessors = [
    "grader.plugins.ExecuteForReading",
    "nbgrader.preprocessors.LimitOutput",
    "grader.plugins.TrustedVerdict",
    "grader.plugins.SaveScores",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "grader.plugins.MakeInert",
]
# A notebook that runs for its readers finds the data set that the course keeps, and does not make it anew.
c.ExecuteForReading.prepare = "from funkcije.data_utils import get_CIFAR10_data as load; load(1, 0, 0)"

c.GenerateFeedback.exporter_class = "grader.plugins.FeedbackExporter"
c.GenerateFeedback.preprocessors = [
    "grader.plugins.HtmlOnly",
    "grader.plugins.SayStale",
    "grader.plugins.FitFigures",
    "nbgrader.preprocessors.GetGrades",
    "grader.plugins.Overview",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Formgrader's pages, which nobody else sees: model answers with their rubrics, and formulas that need no network.
c.HTMLExporter.preprocessors = ["grader.plugins.ModelAnswers"]
c.HTMLExporter.filters = {"markdown2html": "grader.plugins.readable_markdown"}

c.ZipCollectApp.extractor_plugin = "grader.plugins.LmsExtractor"
c.ZipCollectApp.collector_plugin = "grader.plugins.LmsCollector"
c.ExportApp.plugin_class = "grader.plugins.CheckCsvExportPlugin"
