"""Pusher: a blessed model becomes the next served version, whole or not at all."""
