SELECT mac FROM host WHERE voided = 0 AND mac IS NOT NULL ORDER BY agency, key
