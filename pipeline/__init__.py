"""What is wired to what, with which settings, and where it runs."""
