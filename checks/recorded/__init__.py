"""Numbers that were recorded: tables of errors, without functions that would measure them anew."""
