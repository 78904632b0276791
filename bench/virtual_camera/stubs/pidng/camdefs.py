"""As imported by picamera2."""


class Picamera2Camera:
    """Never made."""
