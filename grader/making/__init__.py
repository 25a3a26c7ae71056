"""The way in: a new course (`course`), a new assignment (`assignment`), the environments of a course (`environments`).

What is written comes from `templates/`, file by file (`files`).
"""
