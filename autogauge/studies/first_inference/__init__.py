"""The study of first inference latency: what it is (``study``), what makes its figures mean something (``promises``), its drawing."""
