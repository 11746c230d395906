SELECT at_us, free, used, day_bytes FROM disk WHERE at_us <= :at
