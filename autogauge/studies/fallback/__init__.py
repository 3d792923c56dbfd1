"""The study of start-up and fallbacks: ``study`` is the study, ``startup``, ``building`` and ``running`` have its cases."""
