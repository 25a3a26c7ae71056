"""How well checks tell right from wrong, on many draws: a developer's instrument, which is not shipped."""
