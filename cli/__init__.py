"""The commands of ./mlfym, one module each."""
