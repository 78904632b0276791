"""The three tiers that choose music."""
