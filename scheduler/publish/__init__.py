"""What leaves the scheduler: the files of a plan and one calendar per team."""
