"""The study of the hand-over: what it is (``study``), its promises, its timeline, its drawing."""
