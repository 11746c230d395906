SELECT at_us, free, used FROM disk ORDER BY at_us DESC LIMIT 1
