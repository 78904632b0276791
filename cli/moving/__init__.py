"""An appliance in one file: what `./mlfym backup` writes and `./mlfym restore` reads."""
