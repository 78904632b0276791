"""The page of a device: for phones, for a kiosk, and for staff.

It has no behaviour of its own: what a person does becomes a command on the same path as the
control socket's, and what is shown is the device's status. The server is an asyncio loop in a
thread of core's process; it waits for nothing that core waits for.

Failure policy: a port that is taken or an address that is away is said once and tried again for
ever; the music never waits. What a client sends is refused with words that say what to do.
"""
