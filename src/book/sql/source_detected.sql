UPDATE source SET detections = :n WHERE id = :id
