SELECT at_us, socket, lost FROM intake_loss WHERE at_us <= :at
