SELECT at_us, socket, lost FROM intake_loss ORDER BY at_us DESC LIMIT 100
