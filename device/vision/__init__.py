"""The program that owns the camera and tells numbers."""
