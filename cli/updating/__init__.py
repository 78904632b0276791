"""Brings an appliance to a newer version and back. Standard library only, and openssl.

It runs with the system's own Python, from the version that was last found healthy, so that what
it replaces cannot break it.
"""
