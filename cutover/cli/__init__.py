"""The command line: parsing, one call, an exit status. Click and Rich live here and nowhere else."""
