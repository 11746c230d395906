SELECT agency, leaf FROM segment WHERE name = :name
