"""A lab's machines, reached by Ansible: which there are, what is done on them, and what became of each."""

DEADLINE_S = 4 * 3600.0
"""How long all machines may take together, where nobody says otherwise."""
