"""The complete package on the trusted side: imported under its own name, edited, rendered, asked for truths."""
