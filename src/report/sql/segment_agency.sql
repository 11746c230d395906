SELECT agency FROM segment WHERE name = :name
