"""What happened, for those who watch: counters and gauges, and the access log."""
