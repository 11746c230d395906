UPDATE account SET sign_in_us = :now WHERE id = :account
