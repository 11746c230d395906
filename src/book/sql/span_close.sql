UPDATE verdict_span SET until_us = :at
WHERE clause = :clause AND agency = :agency AND until_us IS NULL
