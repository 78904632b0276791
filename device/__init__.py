"""The appliance: core, vision, analysis, music, frontends."""
