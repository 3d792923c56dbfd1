"""Where a model comes from. Every source gives a :class:`~autogauge.models.artefact.ModelArtefact`."""
