"""What is kept of runs for people who were not there: the ledger of rehearsals, and the report of one run."""
