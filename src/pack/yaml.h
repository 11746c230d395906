/*
 * pack/yaml.h: the door to YAML: packs, registers, log rules, settings.
 * A file becomes a JSON value, and every place in it keeps its line.
 */
#ifndef PACK_YAML_H
#define PACK_YAML_H

#include "pack/json.h"

struct yaml;

#define YAML_FILE_MAX ((size_t)4 << 20)

/*
 * yaml_read: parse s; `name` (copied) stands in error lines. No aliases or
 * anchors, no tags, no directives, no duplicate keys, no control characters
 * nor U+2028 and U+2029, depth <= JSON_DEPTH_MAX. Plain scalars resolve as in
 * the YAML 1.2 core schema (true/false/null/integers; all else, fractions and
 * dates included, is text). *out is handed over (yaml_doc_free).
 * Fails  ERR_SYNTAX "NAME:12:3: ..."; ERR_LIMIT; ERR_MEMORY.
 */
MUST_CHECK enum err yaml_read(
    struct span s, const char *name, struct yaml **out, struct fault *why);
/* yaml_load: the same from a file, at most YAML_FILE_MAX bytes. */
MUST_CHECK enum err yaml_load(
    int dir, const char *path, struct yaml **out, struct fault *why);
/* yaml_doc_free: not yaml_free, for libyaml has an inner one of that name. */
void yaml_doc_free(struct yaml *y);

/* yaml_root: the document as JSON, borrowed. */
const json_t *yaml_root(const struct yaml *y);
/* yaml_line: the line (from 1) of the node at a JSON pointer ("/fields/3");
 * of its nearest existing ancestor when there is none. */
unsigned yaml_line(const struct yaml *y, const char *pointer);
/* yaml_fault: note "NAME:LINE: text" for the node at `pointer`; returns
 * code. */
enum err yaml_fault(const struct yaml *y, const char *pointer,
    struct fault *why, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
