"""What the bank has out to each client and group of clients, and the limits that it may not pass."""
