"""Is this machine fit to measure? One file a subject; each look is a function of a ``Machine``, which may be files in a folder."""
