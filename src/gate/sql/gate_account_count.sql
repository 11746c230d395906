-- How many accounts there are, and the one that a second first start may
-- renew: never signed in, its one-time password not changed.
SELECT count(*), coalesce(sum(must_change = 1 AND sign_in_us = 0), 0),
       coalesce(max(changed_us), 0), coalesce(max(name), '')
FROM account
