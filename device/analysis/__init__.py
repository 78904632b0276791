"""The reader of untrusted files: tags of music, in a program of its own that may crash."""
