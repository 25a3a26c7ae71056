"""Grades on their way back: into the file that a learning management system gave, by its own identifiers."""
