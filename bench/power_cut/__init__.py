"""A disk that forgets what was not flushed, and stores that are written while its power goes."""
