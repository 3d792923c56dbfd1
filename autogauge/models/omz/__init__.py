"""The Open Model Zoo as a source: its own downloader and converter, in an environment of their own, behind the cache."""
