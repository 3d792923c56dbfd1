"""Programs of others, run as children: pip, venv, a source of models. Belongs to nobody; knows nobody who uses it."""
