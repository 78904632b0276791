"""Ways in which people and other machines reach a device; each only puts events and reads."""
