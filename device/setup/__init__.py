"""Brings a device without a screen into a Wi-Fi: a hotspot of its own, one page, then it joins."""
