SELECT count(*) FROM agency
