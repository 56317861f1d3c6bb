"""What a run should take, from what rehearsals took. Pure: no database, no clock."""
