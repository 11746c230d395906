/*
 * sigma/detection.c: search identifiers: maps, lists and keywords.
 *
 * Source: Sigma specification 2.1, "Detection". A map joins with and, a list
 * with or; texts without a field are looked for in the whole record.
 */
#include "sigma/inner.h"

/* A map: every key must fit. */
static enum err
map_read(struct place *p, const json_t *v, unsigned depth, uint32_t *out,
    struct fault *why)
{
	json_t *map = json_incref((json_t *)(uintptr_t)v), *value;
	uint32_t up, one, last = SIGMA_NONE;
	const char *key;
	enum err e = node_new(p->s, NODE_AND, &up, why);

	(void)depth;
	if (e == ERR_OK && json_object_size(map) == 0)
		e = place_fault(p, NULL, why, ERR_SYNTAX, "an empty selection");
	json_object_foreach(map, key, value) {
		size_t mark;

		if (e != ERR_OK)
			break;
		mark = place_down(p, key);
		e = item_read(p, key, value, &one, why);
		if (e == ERR_OK)
			node_hang(p->s, up, &last, one);
		place_up(p, mark);
	}
	json_decref(map);
	*out = up;
	return e;
}

/* A list: one of its members must fit. Neighbouring texts become one node. */
static enum err
list_read(struct place *p, const json_t *v, unsigned depth, uint32_t *out,
    struct fault *why)
{
	json_t *words = json_array();
	uint32_t up, one, last = SIGMA_NONE;
	enum err e = node_new(p->s, NODE_OR, &up, why);

	if (e == ERR_OK && json_array_size(v) == 0)
		e = place_fault(p, NULL, why, ERR_SYNTAX, "an empty selection");
	for (size_t i = 0; i < json_array_size(v) && e == ERR_OK; i++) {
		json_t *each = json_array_get(v, i);
		size_t mark;

		if (!json_is_object(each) && !json_is_array(each)) {
			if (json_array_append(words, each) != 0)
				e = fault_set(why, ERR_MEMORY, "rules");
			continue;
		}
		mark = place_item(p, i);
		e = selection_read(p, each, depth + 1, &one, why);
		if (e == ERR_OK)
			node_hang(p->s, up, &last, one);
		place_up(p, mark);
	}
	if (e == ERR_OK && json_array_size(words) > 0) {
		e = item_read(p, "", words, &one, why);
		if (e == ERR_OK)
			node_hang(p->s, up, &last, one);
	}
	json_decref(words);
	*out = up;
	return e;
}

enum err
selection_read(struct place *p, const json_t *v, unsigned depth, uint32_t *out,
    struct fault *why)
{
	if (depth > DEPTH_MAX)
		return place_fault(p, NULL, why, ERR_LIMIT,
		    "selections nested deeper than %u", DEPTH_MAX);
	if (json_is_object(v))
		return map_read(p, v, depth, out, why);
	if (json_is_array(v))
		return list_read(p, v, depth, out, why);
	return item_read(p, "", v, out, why);
}

/* The condition, or several of which one must hold. */
static enum err
conditions_read(struct place *p, const json_t *v, const struct named *names,
    unsigned n, uint32_t *out, struct fault *why)
{
	uint32_t one, last = SIGMA_NONE;
	size_t mark = place_down(p, "condition");
	enum err e;

	if (json_is_string(v)) {
		e = condition_read(p, json_string_value(v), names, n, out, why);
		place_up(p, mark);
		return e;
	}
	if (!json_is_array(v) || json_array_size(v) == 0) {
		place_up(p, mark);
		return place_fault(
		    p, NULL, why, ERR_SYNTAX, "detection needs a condition");
	}
	e = node_new(p->s, NODE_OR, out, why);
	for (size_t i = 0; i < json_array_size(v) && e == ERR_OK; i++) {
		const json_t *c = json_array_get(v, i);
		size_t inner = place_item(p, i);

		e = json_is_string(c) ? condition_read(p, json_string_value(c),
					    names, n, &one, why)
				      : place_fault(p, NULL, why, ERR_SYNTAX,
					    "a condition is a line of text");
		if (e == ERR_OK)
			node_hang(p->s, *out, &last, one);
		place_up(p, inner);
	}
	place_up(p, mark);
	return e;
}

enum err
detection_read(
    struct place *p, const json_t *detection, uint32_t *out, struct fault *why)
{
	json_t *map = json_incref((json_t *)(uintptr_t)detection), *value;
	struct named names[NAMES_MAX];
	const char *key;
	unsigned n = 0;
	enum err e = ERR_OK;

	json_object_foreach(map, key, value) {
		size_t mark;

		if (strcmp(key, "condition") == 0 ||
		    strcmp(key, "timeframe") == 0 || e != ERR_OK)
			continue;
		mark = place_down(p, key);
		if (n == NAMES_MAX)
			e = place_fault(p, NULL, why, ERR_LIMIT,
			    "more than %u search identifiers", NAMES_MAX);
		if (e == ERR_OK)
			e = selection_read(p, value, 0, &names[n].node, why);
		names[n < NAMES_MAX ? n++ : n - 1].name = key;
		place_up(p, mark);
	}
	if (e == ERR_OK && json_object_get(map, "timeframe") != NULL)
		e = place_fault(p, NULL, why, ERR_UNSUPPORTED,
		    "timeframe is obsolete: write a correlation rule");
	if (e == ERR_OK && n == 0)
		e = place_fault(p, NULL, why, ERR_SYNTAX,
		    "detection has no search identifier");
	if (e == ERR_OK)
		e = conditions_read(
		    p, json_object_get(map, "condition"), names, n, out, why);
	json_decref(map);
	return e;
}
