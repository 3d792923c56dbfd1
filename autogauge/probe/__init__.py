"""Probes: processes that measure one target each. ``worker`` is the process, ``launcher`` its keeper."""
