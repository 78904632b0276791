"""Shows a preview on a screen, of which there is none; picamera2 imports it all the same."""


class _Formats:
    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = _Formats()
