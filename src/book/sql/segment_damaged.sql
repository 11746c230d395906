UPDATE segment SET damaged = :at
WHERE name = :name AND damaged = 0
