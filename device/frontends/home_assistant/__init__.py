"""Home automation: discovery by Home Assistant, state for it, and joining a home's broker."""
