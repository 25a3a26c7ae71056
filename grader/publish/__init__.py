"""From the source to `release/` and `solutions/`: recordings, proofs, the worked notebook."""
