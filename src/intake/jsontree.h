/*
 * intake/jsontree.h: a JSON message as a tree in an arena, for reading a few
 * values out of a log line. Not for storing: entries and answers go through
 * pack/json.h.
 *
 * It is bounded (JSONTREE_NODES_MAX, JSONTREE_DEPTH_MAX) and linear in the message.
 */
#ifndef INTAKE_JSONTREE_H
#define INTAKE_JSONTREE_H

#include "base/arena.h"

#define JSONTREE_NODES_MAX 4096
#define JSONTREE_DEPTH_MAX 32

struct jsontree;

/* jsontree_read: one JSON object and nothing after it but white space; NULL when
 * s is none, or is too large or too deep. s must outlive the tree. */
struct jsontree *jsontree_read(struct arena *a, struct span s);

/*
 * jsontree_get: the text of the value at a path, "winlog.event_data.IpAddress".
 *
 * At each object the whole rest of the path is tried as a key first, so that
 * flattened keys are found. A list of {"@Name": k, "#text": v} (Windows XML
 * turned into JSON) is read as an object, an object with "#text" as its text.
 * Numbers, true and false are given as they stand.
 *
 * Returns at == NULL: not there, null, an object, a list, or no memory.
 */
struct span jsontree_get(
    const struct jsontree *t, struct arena *a, struct span path);

#endif
