"""What a run shows and leaves for people to look at."""
