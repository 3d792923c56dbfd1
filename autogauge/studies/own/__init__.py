"""The studies of claims of one's own: what tests say of a model (``autogauge.claims``), measured as every other study is.

``Steady`` has what is compared within rounds of warm processes, ``Processes`` what rests on each of them, ``Start`` what happens once.
"""
