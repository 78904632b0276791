"""Music and faces made by our own code, for the demo and the tests."""
