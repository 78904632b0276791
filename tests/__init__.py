"""Facts about MLFYM."""
