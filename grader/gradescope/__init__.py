"""An assignment on Gradescope: the zip that its image is built from, and what runs there for each submission."""
