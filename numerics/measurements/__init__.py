"""What finite networks are measured by: functions of a size and of one key a seed."""
