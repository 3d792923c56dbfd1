"""The studies of claims of one's own: what tests say of a model (``autogauge.claims``), measured as every other study is.

``steady`` has what warm processes give, by turns in the same rounds; ``start`` what happens once in a process.
"""
