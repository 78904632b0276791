"""The models measured on public research sets; nothing that ships is made of these sets."""
