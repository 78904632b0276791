"""What sets an appliance up: accounts, certificates, files. Standard library only."""
