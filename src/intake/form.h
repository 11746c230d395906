/*
 * intake/form.h: the forms that messages come in, each read once from left
 * to right; what rules want of it goes to values (intake/values.h).
 *
 * Every reader is linear in the message and allocates nothing. False: the
 * message is not of the form; what was offered until then must not be used.
 */
#ifndef INTAKE_FORM_H
#define INTAKE_FORM_H

#include "intake/values.h"

#define FORM_DEPTH_MAX 32 /* of JSON */
#define FORM_KEY_MAX 256 /* bytes of a path or key that can be wanted */
#define FORM_COLUMNS_MAX 999 /* of CSV */

/*
 * form_json: one JSON object, alone or after "@cee:". Keys are paths,
 * "winlog.event_data.IpAddress", however the document nests or flattens them.
 * In lists the first element counts, "a.3" is the fourth; a list of {"@Name": k, "#text": v}
 * (Windows XML turned into JSON) is read as an object, an object with "#text"
 * as its text. Numbers, true and false are given as they stand. Lenient where
 * it harms nobody (control characters, the spelling of numbers).
 * Source  RFC 8259.
 */
bool form_json(struct span message, struct values *v);

/*
 * form_pairs: key=value and key="value" words, as firewalls write them. Words
 * that are no pair are passed over.
 */
bool form_pairs(struct span message, struct values *v);

/*
 * form_audit: Linux audit records: pairs, also those inside msg='…' and of
 * the enriched part; values the kernel writes in hex are decoded. Further
 * keys: "audit.time" (seconds since 1970) and "audit.serial".
 * Source  audit.log of auditd 3; the kernel's kernel/audit.c.
 */
bool form_audit(struct span message, struct values *v);

/* form_csv: columns between commas, counted from 1, which are the keys; a
 * column may stand in " or '. Source  RFC 4180. */
bool form_csv(struct span message, struct values *v);

/*
 * form_cef: ArcSight's "CEF:0|…". Keys are those of the extension, and
 * deviceVendor, deviceProduct, deviceVersion, deviceEventClassId, name and
 * severity for the header.
 * Source  Implementing ArcSight Common Event Format, version 26.
 */
bool form_cef(struct span message, struct values *v);

/*
 * form_leef: QRadar's "LEEF:1.0|…" and "LEEF:2.0|…". Keys are the attributes,
 * and vendor, product, version and eventID for the header.
 * Source  IBM QRadar, LEEF overview.
 */
bool form_leef(struct span message, struct values *v);

/* form_params: the structured data of an RFC 5424 record; `raw` is the whole
 * of it. Keys are "NAME" and "ID/NAME". */
bool form_params(struct span raw, struct values *v);

#endif
