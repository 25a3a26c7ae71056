#!/usr/bin/env bash
# Started by Gradescope for each submission; says nothing, and leaves /autograder/results/results.json.
source="${AUTOGRADER:-/autograder}/source"
cd /
PYTHONPATH="$source/kit" exec "$source/course/.venv-worker/bin/python" -P -s -m grader.gradescope.run
