"""What students hand in, from an archive of a learning platform to a folder under `submitted/`."""
