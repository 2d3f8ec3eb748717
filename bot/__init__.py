"""What people see and press in Slack; the same code with real Slack and with the practice workspace."""
