"""The student's process: the only code of the kit that runs beside a student's."""
