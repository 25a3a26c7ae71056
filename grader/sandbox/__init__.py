"""What stands around a student's process."""
