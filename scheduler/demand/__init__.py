"""What downtime costs: expected users, states of services, chances of work still running, prices."""
