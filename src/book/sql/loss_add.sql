INSERT INTO intake_loss (at_us, socket, lost)
VALUES (:at_us, :socket, :lost)
