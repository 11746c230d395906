UPDATE segment SET gone_us = :at WHERE name = :name
