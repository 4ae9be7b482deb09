"""What a run recorded and what it means: tables, run folder, impact, damage, incidents, labels."""
