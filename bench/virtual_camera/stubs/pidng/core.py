"""As imported by picamera2."""


class PICAM2DNG:
    """Never made."""
