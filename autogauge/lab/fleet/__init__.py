"""A lab's machines, reached by Ansible: which there are, what is done on them, and what became of each."""
