"""How a check becomes a verdict: cases, comparisons, findings, known mistakes, recordings."""
