"""What the service is measured by: speed, size, cost, faults, load, scale."""
