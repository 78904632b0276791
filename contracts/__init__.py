"""What the programs agree on. Imports none of them; they meet here and nowhere else."""
