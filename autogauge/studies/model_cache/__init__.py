"""OpenVINO's model cache: ``study`` is what AUTO and its devices do with it, ``starts`` how long a start takes without and with a blob."""
