"""A whole appliance on a booted system: installed for real, updated for real, and rolled back."""
