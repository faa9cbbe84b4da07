"""Pusher: makes a blessed model the next served version."""
