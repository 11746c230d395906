SELECT seq FROM stream_position WHERE stream = :stream
